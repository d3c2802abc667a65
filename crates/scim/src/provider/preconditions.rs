//! Preconditions (RFC 7644 section 3.14, RFC 9110 section 13): a change only if nothing else has changed, an answer only if it
//! would be news.

use super::cursor::hashed;
use crate::error::ScimError;
use serde_json::Value;

/// The entity tag of a resource: `W/"3"` for its third revision. An answer that also shows what follows from other resources, as
/// the `groups` of a user do, has it in a second part, `W/"3-9f1c…"`: that part says whether the answer is news, and does not
/// matter for changes. The tag is weak, because what is shown of a version depends on the attributes that are asked for.
pub fn version(revision: i64, also_shown: Option<&Value>) -> String {
    match also_shown {
        None => format!("W/\"{revision}\""),
        Some(value) => format!("W/\"{revision}-{:016x}\"", hashed(value.to_string().as_bytes())),
    }
}

/// What `If-Match` and `If-None-Match` say.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Preconditions {
    /// `If-Match`, or the `version` of an operation in a bulk request.
    pub if_match: Option<EntityTags>,
    /// `If-None-Match`.
    pub if_none_match: Option<EntityTags>,
}

/// The entity tags of a precondition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum EntityTags {
    /// `*`: whatever is there.
    Any,
    /// One of these, as they came: `W/"3"`.
    These(Vec<String>),
}

impl EntityTags {
    /// Reads the value of a header: `*`, or tags with commas between them.
    pub fn parse(header: &str) -> Self {
        match header.trim() {
            "*" => Self::Any,
            list => Self::These(list.split(',').map(|tag| tag.trim().to_owned()).filter(|tag| !tag.is_empty()).collect()),
        }
    }

    /// RFC 7644 section 3.14 lets providers use weak tags for both headers, so tags are compared weakly: by what stands between
    /// the quotes.
    fn name(&self, version: &str, part: fn(&str) -> &str) -> bool {
        match self {
            Self::Any => true,
            Self::These(tags) => tags.iter().any(|tag| part(opaque(tag)) == part(opaque(version))),
        }
    }
}

fn opaque(tag: &str) -> &str {
    tag.trim().trim_start_matches("W/").trim_matches('"')
}

fn whole(tag: &str) -> &str {
    tag
}

/// See [`version`].
fn revision(tag: &str) -> &str {
    tag.split('-').next().unwrap_or_default()
}

impl Preconditions {
    /// Whether a resource of this version may be changed; 412 when it may not.
    pub fn allow_change(&self, version: &str) -> Result<(), ScimError> {
        let stale = self.if_match.as_ref().is_some_and(|tags| !tags.name(version, revision));
        let exists = self.if_none_match.as_ref().is_some_and(|tags| tags.name(version, revision));
        if stale || exists {
            let detail =
                format!("The resource has the version {version} now: read it again, and repeat the change on that version.");
            return Err(ScimError::new(412, detail));
        }
        Ok(())
    }

    /// Whether the client has this version already: 304.
    pub fn not_modified(&self, version: &str) -> bool {
        self.if_none_match.as_ref().is_some_and(|tags| tags.name(version, whole))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_are_compared_weakly_and_a_star_is_any() {
        // If-Match, If-None-Match, whether a change of W/"3" may go, whether it is no news.
        let table = [
            (None, None, true, false),
            (Some("W/\"3\""), None, true, false),
            (Some("\"3\""), None, true, false),
            (Some("W/\"2\""), None, false, false),
            (Some("W/\"2\", W/\"3\""), None, true, false),
            (Some("*"), None, true, false),
            (Some(""), None, false, false),
            (None, Some("W/\"3\""), false, true),
            (None, Some("*"), false, true),
            (None, Some("W/\"2\""), true, false),
            // As the answer was when other resources showed in it.
            (Some("W/\"3-9f\""), None, true, false),
            (Some("W/\"2-9f\""), None, false, false),
            (None, Some("W/\"3-9f\""), false, false),
        ];
        for (if_match, if_none_match, allowed, known) in table {
            let tags = |header: Option<&str>| header.map(EntityTags::parse);
            let preconditions = Preconditions { if_match: tags(if_match), if_none_match: tags(if_none_match) };
            assert_eq!(preconditions.allow_change("W/\"3\"").is_ok(), allowed, "{preconditions:?}");
            assert_eq!(preconditions.not_modified("W/\"3\""), known, "{preconditions:?}");
        }
    }

    #[test]
    fn what_an_answer_also_shows_is_a_part_of_its_version() {
        let shown = |groups: Value| version(3, Some(&groups));
        assert_eq!(version(3, None), "W/\"3\"");
        assert!(shown(Value::from("a")).starts_with("W/\"3-") && shown(Value::from("a")) != shown(Value::from("b")));
    }
}
