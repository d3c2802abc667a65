//! What went wrong, in words an administrator understands: what happened, in the app's own words where it had some, and what
//! it means. What comes next, and when, is said beside it by whoever shows a failure.

use crate::client::{Answer, NoAnswer};

/// What follows a request that may have been carried out.
const MAYBE: &str = "It may have acted all the same, so the account is looked up before anything is sent again.";

/// A refusal, or a failure of the app.
pub(crate) fn refusal(answer: &Answer) -> String {
    let status = answer.status;
    let said = if answer.has_words { format!(": \"{}\"", answer.message) } else { String::new() };
    if let Some(wire) = answer.inside {
        return format!("The app answered {wire} with an error inside{said}. It counts as refused.");
    }
    match status {
        301 | 302 | 303 | 307 | 308 => {
            let place = answer.location.as_ref().map(|location| format!(" to {location}")).unwrap_or_default();
            format!("The app redirects elsewhere ({status}{place}). The token is not sent there: correct the endpoint URL.")
        }
        403 => format!("The app does not allow this (403){said}. The token may write, so it is about this user or this request."),
        404 | 410 => format!("The app knows nothing at this address ({status}){said}: check the endpoint URL."),
        409 => format!("The app says that the name is taken (409){said}."),
        412 => {
            format!("The account was changed in the app at the same time (412){said}. It is read again before anything is sent.")
        }
        413 => format!("The request is too large for the app (413){said}."),
        429 => format!("The app had too many requests (429){said}."),
        503 => format!("The app is unavailable (503){said}."),
        500..=599 => format!("The app had an internal error ({status}){said}. {MAYBE}"),
        _ => format!("The app refused the request ({status}){said}."),
    }
}

/// A name that is taken by nobody whom the app shows.
pub(crate) fn taken_by_nobody(message: &str) -> String {
    format!(
        "{message} Its search shows no such account: it may be a deleted one whose name the app still keeps, one that the token \
         cannot see, or one that the search does not find yet."
    )
}

/// A success whose body cannot be read.
pub(crate) fn garbled(answer: &Answer) -> String {
    format!("The app answered {}, and what came with it is not whole JSON. {MAYBE}", answer.status)
}

/// A success without an account in it.
pub(crate) fn not_an_account(answer: &Answer) -> String {
    format!("The app answered {} with something that is not an account with an id. {MAYBE}", answer.status)
}

/// An answer that is no list, or a list that cannot be relied upon.
pub(crate) fn not_a_list(why: &str) -> String {
    format!("The app's list of accounts is not complete: {why}. Nobody is taken for absent because of it.")
}

/// No answer.
pub(crate) fn no_answer(lost: &NoAnswer) -> String {
    match lost {
        NoAnswer::Closed => "Stopped before the request.".to_owned(),
        NoAnswer::NotSent(message) => format!("{}. Nothing was sent.", capital(message)),
        NoAnswer::Lost(message) => format!("{}. {MAYBE}", capital(message)),
    }
}

fn capital(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}
