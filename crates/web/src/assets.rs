//! Style sheet, script and icon, built into the binary and served under names that change with their content, so that
//! browsers may keep them for ever.

use axum::Router;
use axum::extract::Path;
use axum::http::StatusCode;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use std::sync::LazyLock;

const CSS: &str = concat!(
    include_str!("../assets/css/tokens.css"),
    include_str!("../assets/css/base.css"),
    include_str!("../assets/css/layout.css"),
    include_str!("../assets/css/forms.css"),
    include_str!("../assets/css/components.css"),
    include_str!("../assets/css/navigation.css"),
    include_str!("../assets/css/data.css"),
    include_str!("../assets/css/wizard.css"),
);
const SCRIPT: &str = include_str!("../assets/provost.js");
const ICON: &str = include_str!("../assets/icon.svg");

struct Asset {
    stem: &'static str,
    extension: &'static str,
    content_type: &'static str,
    content: &'static str,
}

const ASSETS: [Asset; 3] = [
    Asset { stem: "provost", extension: "css", content_type: "text/css; charset=utf-8", content: CSS },
    Asset { stem: "provost", extension: "js", content_type: "text/javascript; charset=utf-8", content: SCRIPT },
    Asset { stem: "icon", extension: "svg", content_type: "image/svg+xml", content: ICON },
];

static FILE_NAMES: LazyLock<Vec<String>> = LazyLock::new(|| {
    ASSETS.iter().map(|asset| format!("{}-{:016x}.{}", asset.stem, fingerprint(asset.content), asset.extension)).collect()
});

/// `/assets/…`; merge it into the router before [`crate::protect`].
pub fn assets_router<S: Clone + Send + Sync + 'static>() -> Router<S> {
    Router::new().route("/assets/{file}", get(serve))
}

/// The path of the style sheet.
pub fn css_path() -> String {
    format!("/assets/{}", FILE_NAMES[0])
}

/// The path of the script.
pub fn script_path() -> String {
    format!("/assets/{}", FILE_NAMES[1])
}

/// The path of the icon for the browser's tab.
pub fn icon_path() -> String {
    format!("/assets/{}", FILE_NAMES[2])
}

async fn serve(Path(file): Path<String>) -> Response {
    let found = FILE_NAMES.iter().zip(&ASSETS).find(|(name, _)| **name == file);
    let Some((_, asset)) = found else { return StatusCode::NOT_FOUND.into_response() };
    let headers = [(CONTENT_TYPE, asset.content_type), (CACHE_CONTROL, "public, max-age=31536000, immutable")];
    (headers, asset.content).into_response()
}

/// FNV-1a: names differ when contents do; nobody is kept from anything by it.
fn fingerprint(content: &str) -> u64 {
    content.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_comes_from_elsewhere() {
        for asset in &ASSETS {
            let content = asset.content.replace("http://www.w3.org/2000/svg", "");
            for foreign in ["http:", "https:", "//cdn", "@import", "url("] {
                assert!(!content.contains(foreign), "{foreign} in {}.{}", asset.stem, asset.extension);
            }
        }
        for forbidden in ["eval(", "new Function", "innerHTML =", "document.write"] {
            assert!(!SCRIPT.contains(forbidden), "{forbidden}");
        }
    }

    #[test]
    fn the_fingerprint_is_fnv_1a() {
        assert_eq!(fingerprint(""), 0xcbf2_9ce4_8422_2325);
        assert_eq!(fingerprint("a"), 0xaf63_dc4c_8601_ec8c);
    }

    #[test]
    fn every_declaration_stands_in_a_layer() {
        let mut depth = 0_i32;
        for (number, line) in CSS.lines().enumerate() {
            let starts_a_block = depth == 0 && line.contains('{');
            assert!(!starts_a_block || line.starts_with("@layer"), "line {}: {line}", number + 1);
            depth += i32::try_from(line.matches('{').count()).unwrap() - i32::try_from(line.matches('}').count()).unwrap();
        }
        assert_eq!(depth, 0);
    }
}
