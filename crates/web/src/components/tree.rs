//! Trees (organizational units) and timelines (what was sent for a user).

use super::feedback::{Tone, chip};
use super::time::time;
use crate::icon::{Icon, icon};
use maud::{Markup, html};

/// One node of a tree.
pub struct TreeNode {
    /// Text, link, chips.
    pub label: Markup,
    /// Below it.
    pub children: Vec<TreeNode>,
    /// Whether its children show at first.
    pub open: bool,
}

/// A tree that opens and closes without script. A node's label stands beside what opens it, not in it: it may be a link.
pub fn tree(nodes: &[TreeNode]) -> Markup {
    html! { div.tree { (branch(nodes)) } }
}

fn branch(nodes: &[TreeNode]) -> Markup {
    html! {
        ul {
            @for node in nodes {
                li {
                    div.tree-label { (node.label) }
                    @if !node.children.is_empty() {
                        details open[node.open] { summary aria-label="What is below" { (icon(Icon::ChevronRight)) } (branch(&node.children)) }
                    }
                }
            }
        }
    }
}

/// One event of a timeline.
pub struct TimelineEntry {
    /// When, in microseconds.
    pub at: i64,
    /// What: a chip.
    pub label: String,
    /// How it went.
    pub tone: Tone,
    /// More about it.
    pub body: Markup,
}

/// Events below each other, in the order given.
pub fn timeline(entries: &[TimelineEntry]) -> Markup {
    html! {
        ol.timeline {
            @for entry in entries { li { div.timeline-head { (chip(&entry.label, entry.tone)) span.muted { (time(entry.at)) } } div { (entry.body) } } }
        }
    }
}
