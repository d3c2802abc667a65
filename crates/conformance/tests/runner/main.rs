//! The runner against small servers that do wrong on purpose. That it finds no fault with good ones is seen elsewhere, with
//! our tenant and with a server that others wrote.

mod server;

use provost_conformance::{Options, Report, RunError, Verdict, requirements, run};
use provost_platform::{HttpClient, Secret};
use server::{Behaviour, Server};
use std::time::Duration;

async fn report(base_url: &str) -> Result<Report, RunError> {
    report_until(base_url, std::future::pending()).await
}

async fn report_until(base_url: &str, stop: impl Future<Output = ()>) -> Result<Report, RunError> {
    let client = HttpClient::new(vec!["127.0.0.0/8".parse().expect("a network")]);
    let options = Options { run_name: "test".to_owned(), timeout: Duration::from_secs(10) };
    run(&client, base_url, &Secret::new("token"), &options, stop).await
}

fn verdict(report: &Report, id: &str) -> Verdict {
    report.results.iter().find(|outcome| outcome.requirement.id == id).expect("a requirement").verdict
}

#[tokio::test(flavor = "multi_thread")]
async fn a_careless_server_fails_and_is_left_clean() {
    let server = Server::start(Behaviour::Careless).await;
    let report = report(&server.base).await.unwrap();
    assert_eq!(report.results.len(), requirements().count());
    assert_eq!(report.left_behind, Vec::<String>::new());
    assert!(server.made() > 50, "it made {} users", server.made());
    assert_eq!(server.stored(), Vec::<String>::new(), "everything made is removed, whatever failed");
    assert!(server.foreign_untouched());

    for passed in ["config-answers", "create-201", "delete-204", "error-unknown-endpoint"] {
        assert_eq!(verdict(&report, passed), Verdict::Passed, "{passed}");
    }
    for failed in ["create-location", "create-missing-user-name", "create-duplicate", "patch-add", "filter-eq", "error-schema"] {
        assert_eq!(verdict(&report, failed), Verdict::Failed, "{failed}");
    }
    for skipped in ["sort-ascending", "etag-header", "bulk-create", "cursor-begins", "group-create", "auth-missing"] {
        assert_eq!(verdict(&report, skipped), Verdict::Skipped, "{skipped}");
    }
    let evidence = &report.results.iter().find(|outcome| outcome.requirement.id == "create-duplicate").unwrap().evidence;
    assert!(evidence.starts_with("POST /Users → 201: 409 was expected"), "{evidence}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_that_is_stopped_leaves_the_server_clean() {
    let server = Server::start(Behaviour::Careless).await;
    let stop = async {
        while server.made() < 30 {
            tokio::task::yield_now().await;
        }
    };
    let report = report_until(&server.base, stop).await.unwrap();
    assert!(report.was_stopped);
    assert!((30..35).contains(&server.made()), "it made {} users", server.made());
    assert_eq!((server.stored(), &report.left_behind), (Vec::<String>::new(), &Vec::<String>::new()));
    let stopped = |outcome: &&provost_conformance::Outcome| outcome.evidence == "the run was stopped";
    assert!(report.results.iter().filter(stopped).count() > 50);
    assert!(report.results.iter().filter(stopped).all(|outcome| outcome.verdict == Verdict::Skipped));
    assert_eq!(report.results.len(), requirements().count());
    assert!(server.foreign_untouched());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_will_not_be_removed_is_told() {
    let server = Server::start(Behaviour::KeepsEverything).await;
    let report = report(&server.base).await.unwrap();
    let mut left = report.left_behind.clone();
    left.sort_unstable();
    assert_eq!(left, server.stored(), "exactly what is still there");
    assert!(!left.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn totals_and_results_of_the_json_agree() {
    let server = Server::start(Behaviour::Careless).await;
    let report = report(&server.base).await.unwrap().to_json();
    let results = report["results"].as_array().unwrap();
    for word in ["passed", "failed", "skipped"] {
        let counted = results.iter().filter(|result| result["result"] == word).count();
        assert_eq!(report[word], counted, "{word}");
        assert!(counted > 0, "{word}");
    }
    for field in ["id", "section", "requirement", "evidence"] {
        assert!(results.iter().all(|result| result[field].as_str().is_some_and(|text| !text.is_empty())), "{field}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_is_not_there_or_not_scim_gets_no_requests() {
    let unreachable = report("http://127.0.0.1:9/scim").await.unwrap_err();
    assert!(matches!(unreachable, RunError::Unreachable { .. }), "{unreachable:?}");

    let other = Server::start(Behaviour::NotScim).await;
    let not_scim = report(&other.base).await.unwrap_err();
    assert!(matches!(not_scim, RunError::NotScim { .. }), "{not_scim:?}");

    let strict = Server::start(Behaviour::RefusesTheToken).await;
    let refused = report(&strict.base).await.unwrap_err();
    assert!(matches!(refused, RunError::TokenRefused { .. }), "{refused:?}");
    assert_eq!((other.made(), strict.made()), (0, 0));
}
