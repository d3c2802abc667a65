//! An operation as a command line that can be copied.

use super::Operation;
use super::shape::Place;
use axum::http::Method;

/// The operation with `curl`. The base URL and the key are variables of the shell.
pub(super) fn curl(operation: &Operation) -> String {
    let mut lines = Vec::new();
    let method = match operation.method {
        Method::GET => String::new(),
        _ => format!("--request {} ", operation.method),
    };
    lines.push(format!("curl {method}\"$PROVOST{}\"", target(operation)));
    lines.push("--header \"Authorization: Bearer $KEY\"".to_owned());
    if let Some((content, _)) = &operation.body {
        lines.push(format!("--header 'Content-Type: {}'", content.media_type));
        match operation.example {
            Some(file) if file.starts_with('@') => lines.push(format!("--data-binary {file}")),
            example => lines.push(format!("--data '{}'", example.unwrap_or("{}"))),
        }
    }
    lines.join(" \\\n  ")
}

/// The path with something in its variable parts, and the parameters that must be there.
fn target(operation: &Operation) -> String {
    let mut target = operation.path.clone();
    let mut before = '?';
    for parameter in operation.parameters.iter().filter(|parameter| parameter.required) {
        let example = parameter.example.as_deref().unwrap_or_default();
        match parameter.place {
            Place::Path => target = target.replace(&format!("{{{}}}", parameter.name), example),
            Place::Query => {
                target = format!("{target}{before}{}={example}", parameter.name);
                before = '&';
            }
            Place::Header => {}
        }
    }
    target
}

#[cfg(test)]
mod tests {
    use super::super::REFERENCE;
    use super::*;

    fn example(id: &str) -> String {
        let operation = REFERENCE.chapters.iter().flat_map(|chapter| &chapter.operations).find(|operation| operation.id == id);
        curl(operation.unwrap())
    }

    #[test]
    fn a_shell_reads_every_example_as_it_is() {
        for operation in REFERENCE.chapters.iter().flat_map(|chapter| &chapter.operations) {
            assert!(!operation.example.unwrap_or_default().contains('\''), "{}", operation.id);
            assert!(!target(operation).contains([' ', '{', '"', '$', '`']), "{}: {}", operation.id, target(operation));
        }
    }

    #[test]
    fn commands_hold_everything_that_must_be_there() {
        let key = "--header \"Authorization: Bearer $KEY\"";
        assert_eq!(example("get-users"), format!("curl \"$PROVOST/api/v1/users\" \\\n  {key}"));
        let deleted = format!("curl --request DELETE \"$PROVOST/api/v1/org-units?path=/Sales\" \\\n  {key}");
        assert_eq!(example("delete-org-units"), deleted);
        let suspended = example("post-users-key-suspend");
        assert!(suspended.starts_with("curl --request POST \"$PROVOST/api/v1/users/ada@example.com/suspend\""), "{suspended}");
        assert!(suspended.ends_with("--data '{\"reason\":\"On leave\"}'"), "{suspended}");
        assert!(example("post-import-users").ends_with("--header 'Content-Type: text/csv' \\\n  --data-binary @users.csv"));
    }
}
