//! Reading a file line by line, in chunks, with bounded memory.

use std::io::{BufRead, Read};

/// A longer line is refused: one group with 400,000 members fits.
pub(super) const LINE_BYTES_MAX: usize = 64 << 20;
/// Values in a line: a hundred thousand members with all that is said of them have half as many.
pub(super) const LINE_VALUES_MAX: usize = 1_000_000;
/// Lines that are looked at together.
const CHUNK_LINES: usize = 1_000;
/// Bytes of lines that are looked at together; one line may be longer.
const CHUNK_BYTES: usize = 8 << 20;

/// A line and its number, from 1.
#[derive(Debug)]
pub(super) struct Line {
    pub(super) number: u64,
    /// Without the line break; too long a line is cut after [`LINE_BYTES_MAX`] + 1 bytes.
    pub(super) bytes: Vec<u8>,
}

/// The lines of a file that hold something.
#[derive(Debug)]
pub(super) struct Lines<'a, S> {
    source: &'a mut S,
    number: u64,
}

impl<'a, S: BufRead> Lines<'a, S> {
    pub(super) fn new(source: &'a mut S) -> Self {
        Self { source, number: 0 }
    }

    /// The next lines; none at the end.
    pub(super) fn chunk(&mut self) -> std::io::Result<Vec<Line>> {
        let mut chunk = Vec::new();
        let mut bytes = 0;
        while chunk.len() < CHUNK_LINES && bytes < CHUNK_BYTES {
            let Some(line) = self.next()? else { break };
            bytes += line.bytes.len();
            if !line.bytes.iter().all(u8::is_ascii_whitespace) {
                chunk.push(line);
            }
        }
        Ok(chunk)
    }

    fn next(&mut self) -> std::io::Result<Option<Line>> {
        let mut bytes = Vec::new();
        let limit = LINE_BYTES_MAX as u64 + 1;
        if self.source.by_ref().take(limit).read_until(b'\n', &mut bytes)? == 0 {
            return Ok(None);
        }
        self.number += 1;
        if bytes.last() == Some(&b'\n') {
            bytes.pop();
        } else if bytes.len() > LINE_BYTES_MAX {
            self.skip_to_line_end()?;
        }
        // Editors of one family begin a text with a mark.
        if self.number == 1 && bytes.starts_with(b"\xEF\xBB\xBF") {
            bytes.drain(..3);
        }
        Ok(Some(Line { number: self.number, bytes }))
    }

    fn skip_to_line_end(&mut self) -> std::io::Result<()> {
        loop {
            let held = self.source.fill_buf()?;
            if held.is_empty() {
                return Ok(());
            }
            let found = held.iter().position(|&byte| byte == b'\n');
            let used = found.map_or(held.len(), |at| at + 1);
            self.source.consume(used);
            if found.is_some() {
                return Ok(());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Cursor;

    #[test]
    fn lines_are_numbered_and_empty_ones_are_passed_over() {
        let mut source = Cursor::new(b"\xEF\xBB\xBFa\r\n\n  \nb".to_vec());
        let chunk = Lines::new(&mut source).chunk().unwrap();
        let found: Vec<(u64, &[u8])> = chunk.iter().map(|line| (line.number, line.bytes.as_slice())).collect();
        assert_eq!(found, [(1, &b"a\r"[..]), (4, &b"b"[..])]);
    }

    #[test]
    fn a_line_without_an_end_takes_no_more_memory_than_the_limit() {
        let long = std::io::repeat(b'x').take(3 * LINE_BYTES_MAX as u64).chain(&b"\nnext"[..]);
        let mut source = std::io::BufReader::new(long);
        let mut lines = Lines::new(&mut source);
        let first = lines.chunk().unwrap();
        assert_eq!((first.len(), first[0].bytes.len()), (1, LINE_BYTES_MAX + 1));
        assert_eq!(lines.chunk().unwrap()[0].bytes, b"next");
        assert!(lines.chunk().unwrap().is_empty());
    }

    #[test]
    fn a_chunk_ends_after_a_thousand_lines() {
        let mut source = Cursor::new("x\n".repeat(CHUNK_LINES + 1).into_bytes());
        let mut lines = Lines::new(&mut source);
        assert_eq!(lines.chunk().unwrap().len(), CHUNK_LINES);
        assert_eq!(lines.chunk().unwrap().len(), 1);
    }
}
