//! An app's access token as somebody gives it: typed, pasted, or sent by a program.

use provost_platform::Secret;

/// The token, or what is wrong with it. What stands around it comes from copying.
pub(crate) fn read(text: &str) -> Result<Secret, String> {
    let text = text.trim();
    if text.is_empty() {
        return Err("Enter the access token.".to_owned());
    }
    if text.chars().any(|c| c.is_control() || c.is_whitespace()) {
        return Err("The access token has spaces or line breaks in it: paste the token alone.".to_owned());
    }
    Ok(Secret::new(text))
}
