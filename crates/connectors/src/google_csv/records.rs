//! Records of a CSV file (RFC 4180), one at a time and in bounded memory, each with the line it starts in.
//!
//! A general CSV reader gives up at the first broken record, and reads a record of any length whole. An import must do
//! neither: after a broken record this reader starts again at the line behind the record's first one, so that a quote
//! that is never closed costs one line and not the rest of the file.

use std::collections::VecDeque;
use std::io::{BufRead, BufReader, Read};

/// The longest record, in bytes.
pub const RECORD_BYTES_MAX: usize = 1024 * 1024;
/// The most lines a record spans: an address in quotes has a few.
const RECORD_LINES_MAX: usize = 100;
/// The most fields of a record: a download has some forty, and an administrator's own columns beside them.
pub const RECORD_FIELDS_MAX: usize = 1_000;
/// Lines that were read in vain for the end of a quote are read again, each as a record of its own. In a file of nothing but
/// open quotes that would be a hundred times its length: this many bytes, and once more the length of what was read, are
/// spent on it.
const IN_VAIN_BYTES: u64 = 4 * 1024 * 1024;
/// What reading a line again costs, however short it is.
const LINE_BYTES: u64 = 64;

/// One record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    /// Where it starts, counted from 1.
    pub line: u64,
    /// Its fields, unquoted.
    pub fields: Vec<String>,
}

/// A record that could not be read. The ones behind it can.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{problem}")]
pub struct BrokenRecord {
    /// Where it starts, counted from 1.
    pub line: u64,
    /// What is wrong with it.
    pub problem: Problem,
}

/// What is wrong with a record.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Problem {
    /// Longer than [`RECORD_BYTES_MAX`].
    #[error("the line is longer than 1 MiB: it was not read; correct or remove it")]
    TooLong,
    /// Not UTF-8.
    #[error("the line is not UTF-8 text: save the file as CSV in UTF-8")]
    NotUtf8,
    /// A quote is opened and not closed, or something follows the closing one.
    #[error("a quote (\") is opened and not closed properly: quotes inside a quoted field are doubled")]
    Quotes,
    /// A quote is opened, and too many before it were never closed to look for the end of this one in other lines.
    #[error(
        "a quote (\") is opened and not closed in this line, and too many lines before it were read in vain for the ends of \
         theirs: correct those first"
    )]
    TooManyQuotes,
    /// More than [`RECORD_FIELDS_MAX`] fields.
    #[error("the line has more than 1000 fields: remove columns that are not needed, and check commas and quotes")]
    TooManyFields,
    /// Not as many fields as the header.
    #[error("the line has {found} fields, the header has {expected}: check commas and quotes")]
    Fields {
        /// What the header has.
        expected: usize,
        /// What the record has.
        found: usize,
    },
}

/// Reads records one by one.
#[derive(Debug)]
pub struct Records<R> {
    input: BufReader<R>,
    /// Lines that were read for a record that turned out broken, to be read again.
    pushed_back: VecDeque<Line>,
    lines_read: u64,
    bytes_read: u64,
    /// What was spent on lines that were read in vain.
    in_vain: u64,
    /// Whether the last line that was read has an end of its own.
    line_ended: bool,
    /// How many fields every record must have, once the header is known.
    pub width: Option<usize>,
}

/// A physical line with its end, or the news that it is too long.
#[derive(Debug)]
enum Line {
    Text(Vec<u8>),
    TooLong,
}

/// How far the parsing of the lines read so far got.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Parsed {
    Whole,
    OpenQuote,
    Broken,
    TooManyFields,
}

impl<R: Read> Records<R> {
    /// Starts at the beginning of `input`; a byte order mark is skipped.
    pub fn new(input: R) -> Self {
        let input = BufReader::with_capacity(64 * 1024, input);
        Self { input, pushed_back: VecDeque::new(), lines_read: 0, bytes_read: 0, in_vain: 0, line_ended: true, width: None }
    }

    /// How many bytes have been read from the input.
    pub const fn bytes_read(&self) -> u64 {
        self.bytes_read
    }

    /// Whether what was read ends with the end of a line, as a whole file does; a file that was cut mostly does not.
    pub const fn ended_with_a_line(&self) -> bool {
        self.line_ended
    }

    /// The next record; empty lines are skipped; `None` at the end.
    pub fn next_record(&mut self) -> std::io::Result<Option<Result<Record, BrokenRecord>>> {
        loop {
            let Some(line) = self.next_line()? else { return Ok(None) };
            let at = self.lines_read;
            let broken = |problem| Ok(Some(Err(BrokenRecord { line: at, problem })));
            let first = match line {
                Line::Text(text) if without_end(&text).is_empty() => continue,
                Line::Text(text) => text,
                Line::TooLong => return broken(Problem::TooLong),
            };
            let mut length = first.len();
            let mut more: Vec<Vec<u8>> = Vec::new();
            let mut parser = Parser::default();
            let mut parsed = parser.read(&first);
            let problem = loop {
                match parsed {
                    Parsed::Whole => match self.finish(at, parser.fields) {
                        Ok(record) => return Ok(Some(Ok(record))),
                        Err(problem) => break problem,
                    },
                    Parsed::Broken => break Problem::Quotes,
                    Parsed::TooManyFields => break Problem::TooManyFields,
                    Parsed::OpenQuote if self.in_vain > IN_VAIN_BYTES + self.bytes_read => break Problem::TooManyQuotes,
                    Parsed::OpenQuote if more.len() + 1 >= RECORD_LINES_MAX => break Problem::Quotes,
                    Parsed::OpenQuote => match self.next_line()? {
                        Some(Line::Text(line)) if length + line.len() <= RECORD_BYTES_MAX => {
                            length += line.len();
                            parsed = parser.read(&line);
                            more.push(line);
                        }
                        Some(line) => {
                            self.push_back(line);
                            break Problem::Quotes;
                        }
                        None => break Problem::Quotes,
                    },
                }
            };
            for line in more.into_iter().rev() {
                self.in_vain += LINE_BYTES + line.len() as u64;
                self.push_back(Line::Text(line));
            }
            return broken(problem);
        }
    }

    fn finish(&self, line: u64, fields: Vec<Vec<u8>>) -> Result<Record, Problem> {
        let found = fields.len();
        if let Some(expected) = self.width
            && expected != found
        {
            return Err(Problem::Fields { expected, found });
        }
        let fields = fields.into_iter().map(String::from_utf8).collect::<Result<_, _>>().map_err(|_| Problem::NotUtf8)?;
        Ok(Record { line, fields })
    }

    fn push_back(&mut self, line: Line) {
        self.lines_read -= 1;
        self.pushed_back.push_front(line);
    }

    fn next_line(&mut self) -> std::io::Result<Option<Line>> {
        let line = match self.pushed_back.pop_front() {
            Some(line) => Some(line),
            None => self.read_line()?,
        };
        self.lines_read += u64::from(line.is_some());
        Ok(line)
    }

    /// Reads one line and keeps at most [`RECORD_BYTES_MAX`] bytes of it.
    fn read_line(&mut self) -> std::io::Result<Option<Line>> {
        let mut text: Vec<u8> = Vec::new();
        let mut length = 0_usize;
        let mut ended = false;
        loop {
            let buffer = self.input.fill_buf()?;
            if buffer.is_empty() {
                break;
            }
            let end = buffer.iter().position(|byte| *byte == b'\n');
            let taken = end.map_or(buffer.len(), |at| at + 1);
            length += taken;
            if length <= RECORD_BYTES_MAX {
                text.extend_from_slice(&buffer[..taken]);
            }
            self.input.consume(taken);
            ended = end.is_some();
            if ended {
                break;
            }
        }
        let first = self.bytes_read == 0;
        self.bytes_read += length as u64;
        if length == 0 {
            return Ok(None);
        }
        self.line_ended = ended;
        if length > RECORD_BYTES_MAX {
            return Ok(Some(Line::TooLong));
        }
        if first && text.starts_with(b"\xEF\xBB\xBF") {
            text.drain(..3);
        }
        Ok(Some(Line::Text(text)))
    }
}

fn without_end(line: &[u8]) -> &[u8] {
    let line = line.strip_suffix(b"\n").unwrap_or(line);
    line.strip_suffix(b"\r").unwrap_or(line)
}

/// A record as far as its lines were read.
#[derive(Debug, Default)]
struct Parser {
    fields: Vec<Vec<u8>>,
    /// What stands in a quote that is not closed yet.
    quoted: Option<Vec<u8>>,
}

impl Parser {
    /// Reads the next line of the record, with its end.
    fn read(&mut self, line: &[u8]) -> Parsed {
        let mut rest = line;
        loop {
            let in_quotes = self.quoted.take().or_else(|| {
                rest = rest.strip_prefix(b"\"")?;
                Some(Vec::new())
            });
            let (field, behind) = if let Some(mut field) = in_quotes {
                let Some(behind) = parse_quoted(rest, &mut field) else {
                    self.quoted = Some(field);
                    return Parsed::OpenQuote;
                };
                (field, behind)
            } else {
                let text = without_end(rest);
                let end = text.iter().position(|byte| *byte == b',').unwrap_or(text.len());
                (text[..end].to_vec(), &rest[end..])
            };
            if self.fields.len() == RECORD_FIELDS_MAX {
                return Parsed::TooManyFields;
            }
            self.fields.push(field);
            match without_end(behind) {
                [] => return Parsed::Whole,
                [b',', ..] => rest = &behind[1..],
                [..] => return Parsed::Broken,
            }
        }
    }
}

/// Adds to `field` what stands in quotes, and answers what stands behind them; `None` when they are not closed in `text`.
fn parse_quoted<'a>(text: &'a [u8], field: &mut Vec<u8>) -> Option<&'a [u8]> {
    let mut rest = text;
    loop {
        let Some(quote) = rest.iter().position(|byte| *byte == b'"') else {
            field.extend_from_slice(rest);
            return None;
        };
        field.extend_from_slice(&rest[..quote]);
        rest = &rest[quote + 1..];
        match rest {
            [b'"', behind @ ..] => {
                field.push(b'"');
                rest = behind;
            }
            [..] => return Some(rest),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &[u8], width: Option<usize>) -> Vec<Result<Record, BrokenRecord>> {
        let mut records = Records::new(text);
        records.width = width;
        std::iter::from_fn(|| records.next_record().expect("bytes in memory can be read")).collect()
    }

    fn fields(text: &str) -> Vec<Vec<String>> {
        read(text.as_bytes(), None).into_iter().map(|record| record.expect("a whole record").fields).collect()
    }

    #[test]
    fn reads_quotes_line_breaks_and_a_byte_order_mark() {
        assert_eq!(
            fields("\u{feff}a,b\r\n\"x,1\",\"say \"\"hi\"\"\"\n\n\"two\nlines\",\n"),
            [vec!["a", "b"], vec!["x,1", "say \"hi\""], vec!["two\nlines", ""]]
        );
    }

    #[test]
    fn a_quote_that_is_never_closed_costs_one_line() {
        let records = read(b"a,b\n1,\"open\n2,x\n3,y\n", Some(2));
        let problem = BrokenRecord { line: 2, problem: Problem::Quotes };
        assert_eq!(records[1], Err(problem));
        let lines: Vec<u64> = records.iter().flatten().map(|record| record.line).collect();
        assert_eq!(lines, [1, 3, 4]);
    }

    #[test]
    fn a_quote_closed_lines_later_by_another_field_costs_one_line() {
        let records = read(b"1,\"open\n2,\"x\"\n3,y\n", Some(2));
        assert_eq!(records.iter().map(Result::is_ok).collect::<Vec<_>>(), [false, true, true]);
        assert_eq!(records[1].as_ref().expect("a whole record").fields, ["2", "x"]);
    }

    #[test]
    fn wrong_width_and_bad_utf8_are_reported_by_line() {
        let records = read(b"a,b\nonly\n\xff,b\nc,d\n", Some(2));
        assert_eq!(records[1], Err(BrokenRecord { line: 2, problem: Problem::Fields { expected: 2, found: 1 } }));
        assert_eq!(records[2], Err(BrokenRecord { line: 3, problem: Problem::NotUtf8 }));
        assert_eq!(records[3].as_ref().unwrap().line, 4);
    }

    #[test]
    fn a_line_of_ten_megabytes_is_refused_and_the_next_one_read() {
        let long = "x".repeat(10 * 1024 * 1024);
        let records = read(format!("a,b\n{long}\nc,d\n").as_bytes(), Some(2));
        assert_eq!(records[1], Err(BrokenRecord { line: 2, problem: Problem::TooLong }));
        assert_eq!(records[2].as_ref().unwrap().fields, ["c", "d"]);
    }

    #[test]
    fn agrees_with_another_writer() {
        let rows = [["plain", "with, comma", "with \"quotes\""], ["two\r\nlines", "", " spaces "], ["ünïcode", "\"", "'"]];
        let mut writer = csv::Writer::from_writer(Vec::new());
        for row in &rows {
            writer.write_record(row).unwrap();
        }
        let text = String::from_utf8(writer.into_inner().unwrap()).unwrap();
        assert_eq!(fields(&text), rows);
    }
}
