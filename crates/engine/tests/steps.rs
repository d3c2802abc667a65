//! The step matrix: whatever happens at any one commit or request of an operation, the app is as the directory says in the end.
//!
//! The steps of each operation stand in `golden/steps.txt`. At each of them the process is killed, before and after it; the step
//! fails; its answer is lost; and it is done twice.

use provost_db::Fate;
use provost_store::log::names;
use provost_testkit::steps::{Walk, Work, walk};
use std::fmt::Write;

const STRIKES: [Fate; 5] = [Fate::KilledBefore, Fate::KilledAfter, Fate::Refused, Fate::AnswerLost, Fate::Repeated];

#[test]
fn the_app_is_as_the_directory_says_whatever_happens_at_any_step() {
    let (mut report, mut cells) = (String::new(), 0);
    for work in Work::ALL {
        let untouched = walk(work, None);
        for (number, step) in untouched.steps.iter().enumerate() {
            for fate in STRIKES {
                let struck = walk(work, Some((number, fate)));
                cells += 1;
                let mut wrong = struck.wrong;
                if struck.steps.get(number) != Some(step) {
                    wrong.push(format!("the step was {:?}", struck.steps.get(number)));
                }
                if struck.writes > work.writes() + 1 {
                    wrong.push(format!("{} writes", struck.writes));
                }
                let (failures, events): (Vec<_>, Vec<_>) =
                    struck.events.into_iter().partition(|event| event == names::AUTO_PROV_FAILURE);
                if events != untouched.events || failures.len() > 1 {
                    wrong.push(format!("the log says {events:?} after {} failures", failures.len()));
                }
                if !wrong.is_empty() {
                    let _ = writeln!(report, "{work:?} × {number} {step} × {fate:?}:\n  {}", wrong.join("\n  "));
                }
            }
        }
    }
    println!("{cells} cells");
    assert!(report.is_empty(), "{report}");
    assert!(cells >= 200, "{cells} cells");
}

#[test]
fn the_steps_of_each_operation() {
    let mut texts = "The commits and requests of each operation, from the change until everything is stored.\n".to_owned();
    for work in Work::ALL {
        let Walk { steps, wrong, events, writes } = walk(work, None);
        assert_eq!((wrong, writes), (Vec::new(), work.writes()), "{work:?}");
        let _ = writeln!(texts, "\n# {work:?}\n{}\n> {}", steps.join("\n"), events.join(", "));
    }
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/golden/steps.txt");
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        std::fs::write(path, &texts).expect("golden files can be written");
    }
    let golden = std::fs::read_to_string(path).unwrap_or_default();
    assert!(golden == texts, "{path}: UPDATE_GOLDEN=1 accepts these steps:\n{texts}");
}
