//! Reading filters and value paths (RFC 7644 figures 1 and 7). Recursion is bounded by the depth limit, length by the length limit.

use super::{CompareOperator, DEPTH_MAX, Filter, Literal, SyntaxError, TERMS_MAX};
use crate::path::{AttributePath, LENGTH_BYTES_MAX, PatchPath, shortened};
use serde_json::Number;

/// Reads a whole text as a filter.
pub(super) fn parse(text: &str) -> Result<Filter, SyntaxError> {
    let mut reader = Reader::new(text)?;
    let filter = reader.any_of(0, Place::Outside)?;
    reader.skip_spaces();
    reader.expect_end()?;
    Ok(filter)
}

/// Reads a whole text as `valuePath [subAttr]`.
pub(crate) fn parse_value_path(text: &str) -> Result<PatchPath, SyntaxError> {
    let mut reader = Reader::new(text)?;
    let mut attribute = reader.path()?;
    if attribute.sub_attribute.is_some() || !reader.take("[") {
        return Err(SyntaxError::NotAPath { text: shortened(text) });
    }
    let filter = reader.any_of(1, Place::InBrackets)?;
    reader.close("]")?;
    if reader.take(".") {
        attribute.sub_attribute = Some(reader.sub_attribute()?);
    }
    reader.expect_end()?;
    Ok(PatchPath { attribute, filter: Some(filter) })
}

/// Whether a value path may begin here: RFC 7644 figure 1 has none inside brackets (`valFilter`).
#[derive(Clone, Copy, PartialEq)]
enum Place {
    Outside,
    InBrackets,
}

struct Reader<'a> {
    text: &'a str,
    /// Bytes read; always at the beginning of a character.
    at: usize,
    terms: usize,
}

impl<'a> Reader<'a> {
    fn new(text: &'a str) -> Result<Self, SyntaxError> {
        if text.len() > LENGTH_BYTES_MAX {
            return Err(SyntaxError::TooLong { length: text.len() });
        }
        Ok(Self { text, at: 0, terms: 0 })
    }

    /// RFC 7644 section 3.4.2.2: `not` binds before `and`, `and` before `or`.
    fn any_of(&mut self, depth: usize, place: Place) -> Result<Filter, SyntaxError> {
        let mut parts = vec![self.all_of(depth, place)?];
        while self.take_word("or") {
            parts.push(self.all_of(depth, place)?);
        }
        Ok(single_or(parts, Filter::Or))
    }

    fn all_of(&mut self, depth: usize, place: Place) -> Result<Filter, SyntaxError> {
        let mut parts = vec![self.one(depth, place)?];
        while self.take_word("and") {
            parts.push(self.one(depth, place)?);
        }
        Ok(single_or(parts, Filter::And))
    }

    fn one(&mut self, depth: usize, place: Place) -> Result<Filter, SyntaxError> {
        self.skip_spaces();
        if depth > DEPTH_MAX {
            return Err(SyntaxError::TooDeep { position: self.position() });
        }
        if self.take("(") {
            let inner = self.any_of(depth + 1, place)?;
            self.close(")")?;
            return Ok(inner);
        }
        if self.take_not() {
            let inner = self.any_of(depth + 1, place)?;
            self.close(")")?;
            return Ok(Filter::Not(Box::new(inner)));
        }
        let path = self.path()?;
        match (self.rest().starts_with('['), place) {
            (true, Place::Outside) => self.values(path, depth),
            (true, Place::InBrackets) => Err(self.unexpected("an operator (a value filter holds no further value filter)")),
            (false, Place::Outside | Place::InBrackets) => self.comparison(path),
        }
    }

    fn values(&mut self, path: AttributePath, depth: usize) -> Result<Filter, SyntaxError> {
        if path.sub_attribute.is_some() {
            return Err(self.unexpected("an operator (a value filter follows an attribute, not a sub-attribute)"));
        }
        self.take("[");
        let mut filter = self.any_of(depth + 1, Place::InBrackets)?;
        self.close("]")?;
        if self.take(".") {
            let sub_attribute = self.sub_attribute()?;
            let compared = self.comparison(AttributePath::of(&sub_attribute))?;
            filter = Filter::And(vec![filter, compared]);
        }
        Ok(Filter::Values { path, filter: Box::new(filter) })
    }

    /// RFC 7644 figure 1: `attrExp = (attrPath SP "pr") / (attrPath SP compareOp SP compValue)`.
    fn comparison(&mut self, path: AttributePath) -> Result<Filter, SyntaxError> {
        self.terms += 1;
        if self.terms > TERMS_MAX {
            return Err(SyntaxError::TooManyTerms);
        }
        self.skip_spaces();
        let word = self.token();
        if word.eq_ignore_ascii_case("pr") {
            self.at += word.len();
            return Ok(Filter::Present(path));
        }
        let Some(operator) = CompareOperator::parse(word) else {
            return Err(self.unexpected("an operator (eq, ne, co, sw, ew, gt, ge, lt, le or pr)"));
        };
        self.at += word.len();
        self.skip_spaces();
        let value = self.literal()?;
        Ok(Filter::Compare { path, operator, value })
    }

    fn literal(&mut self) -> Result<Literal, SyntaxError> {
        let expected = "a string in double quotes, a number, true, false or null";
        if self.rest().starts_with('"') {
            let end = self.end_of_string().ok_or_else(|| self.unexpected("a string with its closing quote"))?;
            let quoted = &self.text[self.at..end];
            let text = serde_json::from_str(quoted).map_err(|_| self.unexpected("a string by the rules of JSON"))?;
            self.at = end;
            return Ok(Literal::String(text));
        }
        let word = self.token();
        let literal = if word.eq_ignore_ascii_case("true") {
            Literal::Boolean(true)
        } else if word.eq_ignore_ascii_case("false") {
            Literal::Boolean(false)
        } else if word.eq_ignore_ascii_case("null") {
            Literal::Null
        } else {
            Literal::Number(number(word).ok_or_else(|| self.unexpected(expected))?)
        };
        self.at += word.len();
        Ok(literal)
    }

    /// Where the string that begins here ends, its closing quote included.
    fn end_of_string(&self) -> Option<usize> {
        let mut escaped = false;
        for (offset, byte) in self.rest().bytes().enumerate().skip(1) {
            match byte {
                _ if escaped => escaped = false,
                b'\\' => escaped = true,
                b'"' => return Some(self.at + offset + 1),
                _ => {}
            }
        }
        None
    }

    fn path(&mut self) -> Result<AttributePath, SyntaxError> {
        let word = self.token();
        if word.is_empty() {
            return Err(self.unexpected("an attribute, \"not\" or \"(\""));
        }
        let path = AttributePath::parse(word)?;
        self.at += word.len();
        Ok(path)
    }

    fn sub_attribute(&mut self) -> Result<String, SyntaxError> {
        let word = self.token();
        if !crate::path::is_name(word) {
            return Err(self.unexpected("a sub-attribute"));
        }
        self.at += word.len();
        Ok(word.to_owned())
    }

    /// `not (`, with or without the space; an attribute may be called "not" too.
    fn take_not(&mut self) -> bool {
        let word = self.token();
        if !word.eq_ignore_ascii_case("not") {
            return false;
        }
        let after = self.rest()[word.len()..].trim_start_matches(' ');
        if !after.starts_with('(') {
            return false;
        }
        self.at = self.text.len() - after.len() + 1;
        true
    }

    /// Takes ` word` when it stands here as a word of its own.
    fn take_word(&mut self, expected: &str) -> bool {
        let before = self.at;
        self.skip_spaces();
        let word = self.token();
        if word.eq_ignore_ascii_case(expected) {
            self.at += word.len();
            return true;
        }
        self.at = before;
        false
    }

    fn take(&mut self, expected: &str) -> bool {
        let found = self.rest().starts_with(expected);
        if found {
            self.at += expected.len();
        }
        found
    }

    fn close(&mut self, expected: &'static str) -> Result<(), SyntaxError> {
        self.skip_spaces();
        if self.take(expected) {
            Ok(())
        } else {
            Err(self.unexpected(if expected == ")" { "\"and\", \"or\" or \")\"" } else { "\"and\", \"or\" or \"]\"" }))
        }
    }

    fn expect_end(&self) -> Result<(), SyntaxError> {
        if self.rest().is_empty() { Ok(()) } else { Err(self.unexpected("\"and\", \"or\" or the end")) }
    }

    fn skip_spaces(&mut self) {
        let rest = self.rest();
        self.at += rest.len() - rest.trim_start_matches(' ').len();
    }

    fn rest(&self) -> &'a str {
        &self.text[self.at..]
    }

    /// Up to the next character that cannot be part of a path, a word or a number.
    fn token(&self) -> &'a str {
        let rest = self.rest();
        let end = rest.find([' ', '(', ')', '[', ']', '"']).unwrap_or(rest.len());
        &rest[..end]
    }

    fn position(&self) -> usize {
        self.text[..self.at].chars().count() + 1
    }

    fn unexpected(&self, expected: &'static str) -> SyntaxError {
        let found = match (self.token(), self.rest().chars().next()) {
            (_, None) => "the end".to_owned(),
            ("", Some(character)) => format!("\"{character}\""),
            (word, Some(_)) => format!("\"{}\"", shortened(word)),
        };
        SyntaxError::Unexpected { position: self.position(), expected, found }
    }
}

/// A number by the rules of JSON. Fractions are read by the standard library, which is exact to the last digit.
fn number(word: &str) -> Option<Number> {
    let number: Number = serde_json::from_str(word).ok()?;
    if number.is_f64() { Number::from_f64(word.parse().ok()?) } else { Some(number) }
}

fn single_or(mut parts: Vec<Filter>, several: fn(Vec<Filter>) -> Filter) -> Filter {
    match parts.len() {
        1 => parts.remove(0),
        _ => several(parts),
    }
}
