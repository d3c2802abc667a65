//! `provost demo`: the whole system in one process, and a short story on a clock that moves.
//!
//! Everything goes the way an administrator's work goes: the people come in as CSV files, the token is made through the
//! tenant's own API, the app is configured through the management API, and the engine sends over HTTP.

mod compare;
mod people;
mod story;
mod system;

use crate::Ended;
use crate::cli::DemoArguments;
use crate::serve::stop_signal;
use serde_json::{Value, json};
use system::System;

pub(crate) use system::http_client;

/// Prints the steps, as sentences or as lines of JSON.
struct Teller {
    json: bool,
    steps: usize,
}

impl Teller {
    fn step(&mut self, text: &str, facts: &Value) {
        self.steps += 1;
        if self.json {
            println!("{}", json!({ "step": self.steps, "text": text, "facts": facts }));
        } else {
            println!("{:>2}. {text}", self.steps);
        }
    }

    fn detail(&self, text: &str) {
        if !self.json {
            println!("    {text}");
        }
    }
}

/// Runs the demonstration. With `--once` it ends after the comparison, well only if that is exact; else it stays.
pub(crate) async fn run(arguments: &DemoArguments) -> anyhow::Result<Ended> {
    let mut teller = Teller { json: arguments.json, steps: 0 };
    let system = System::start(arguments, &mut teller).await?;
    story::tell(&system, &mut teller).await?;
    if arguments.tamper {
        system.tamper().await?;
    }
    let compared = compare::compare(&system.store, &system.endpoint(), &system.token).await?;
    let exact = compared.differences.is_empty();
    let text = if exact {
        format!("Compared: the tenant's {} accounts are exactly what the directory says.", compared.equal)
    } else {
        format!("Compared: {} accounts are as the directory says, {} are not.", compared.equal, compared.differences.len())
    };
    teller.step(&text, &json!({ "equal": compared.equal, "differences": compared.differences }));
    for difference in &compared.differences {
        teller.detail(difference);
    }
    system.tell_sign_ins(&mut teller);
    if !arguments.once {
        teller.step("Everything keeps running until you press Ctrl-C.", &Value::Null);
        stop_signal().await;
    }
    system.stop().await?;
    Ok(if exact { Ended::Well } else { Ended::WithFailures })
}
