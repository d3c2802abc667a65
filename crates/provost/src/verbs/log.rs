//! `provost log`: what was changed, by whom, and what was sent.

use crate::Ended;
use crate::api::{Api, segment};
use crate::cli::LogArguments;
use crate::output::{items, print_items, print_table, text};
use serde_json::Value;

/// The most events of a page.
const PAGE_EVENTS_MAX: usize = 1_000;

/// `provost log`
pub(crate) async fn run(arguments: LogArguments) -> anyhow::Result<Ended> {
    let api = Api::open(&arguments.target).await?;
    let filter = filter(&arguments);
    if arguments.csv {
        print!("{}", api.get_text(&format!("/log?{filter}"), "text/csv").await?);
        return Ok(Ended::Well);
    }
    let events = newest(&api, &filter, arguments.limit.get()).await?;
    if arguments.target.json {
        print_items(true, &events, &[]);
    } else if events.is_empty() {
        println!("No event matches.");
    } else {
        print_table(&["TIME", "EVENT", "USER", "BY", "DETAIL"], &events.iter().map(row).collect::<Vec<_>>());
    }
    Ok(Ended::Well)
}

/// The filter as parameters of the API.
fn filter(arguments: &LogArguments) -> String {
    let LogArguments { event, app, user, from, to, limit: _, csv: _, target: _ } = arguments;
    let all = [("name", event), ("app", app), ("user", user), ("from", from), ("to", to)];
    let given = all.into_iter().filter_map(|(name, value)| Some(format!("{name}={}", segment(value.as_deref()?))));
    given.collect::<Vec<_>>().join("&")
}

async fn newest(api: &Api, filter: &str, limit: usize) -> anyhow::Result<Vec<Value>> {
    let mut events = Vec::new();
    let mut after = String::new();
    while events.len() < limit {
        let wanted = (limit - events.len()).min(PAGE_EVENTS_MAX);
        let page = api.get(&format!("/log?{filter}&limit={wanted}{after}")).await?;
        events.extend_from_slice(items(&page));
        let Some(next) = page.get("next").and_then(Value::as_str) else { break };
        after = format!("&after={}", segment(next));
    }
    Ok(events)
}

fn row(event: &Value) -> Vec<String> {
    let mut cells: Vec<String> = ["at", "label", "user_email", "actor"].iter().map(|field| text(event, field)).collect();
    let detail = event.get("detail").and_then(Value::as_object).into_iter().flatten();
    let plain = detail.filter(|(_, value)| !value.is_null() && !value.is_array() && !value.is_object());
    cells.push(
        plain
            .map(|(name, value)| format!("{name}={}", value.as_str().map_or_else(|| value.to_string(), str::to_owned)))
            .collect::<Vec<_>>()
            .join(" "),
    );
    cells
}
