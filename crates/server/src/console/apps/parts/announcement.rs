//! What the app announces of itself, as a small table.

use provost_store::apps::announcement::Announcement;
use provost_web::{Markup, card, html, table, time};

/// The card; nothing before the app was first asked.
pub(in crate::console::apps) fn announcement(kept: Option<&Announcement>) -> Markup {
    let Some(kept) = kept else { return html! {} };
    let rows: Vec<Vec<Markup>> = kept
        .announced
        .iter()
        .flat_map(provost_core::app::Announced::rows)
        .map(|(what, said)| vec![html! { (what) }, html! { (said) }])
        .collect();
    card(
        "What the app announces",
        html! {
            @if let Some(message) = &kept.message {
                p { "It could not be read " (time(kept.read_at.0)) ": " (message) ". It is tried again within an hour." }
            } @else {
                p.muted { "Read from the app " (time(kept.read_at.0)) "; what the app's profile states counts before it." }
            }
            @if rows.is_empty() {
                p { "The app announces nothing of itself; it is worked as its profile says." }
            } @else {
                (table(&["What", "Announced"], &rows))
            }
        },
    )
}
