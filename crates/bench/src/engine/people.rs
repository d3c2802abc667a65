//! The people of the directory that is measured, as the CSV file that an administrator would import.

use std::io::Read;

/// Rows that are made at a time.
const ROWS_AT_ONCE: u32 = 1_000;

/// One user in this many has a building, and another one a floor: what an edit of the mapping changes.
pub(crate) const RARE: u32 = 100;

/// The groups that the people are divided between, and how many of them stand within another one.
pub(crate) const GROUPS: u32 = 100;
pub(crate) const GROUPS_WITHIN: u32 = 10;

/// A CSV file with a line for each user, made while it is read.
pub(crate) struct PeopleFile {
    line: fn(u32) -> String,
    users: u32,
    next: u32,
    text: Vec<u8>,
    read: usize,
}

impl PeopleFile {
    /// The users file of so many users.
    pub(crate) fn users(users: u32) -> Self {
        let header = "First Name [Required],Last Name [Required],Email Address [Required],Org Unit Path [Required],Employee ID,\
                      Employee Title,Department,Cost Center,Work Phone,Building ID,Floor Name\n";
        Self::new(header, user, users)
    }

    /// The members file that puts each of so many users into a group.
    pub(crate) fn members(users: u32) -> Self {
        Self::new("Group Email [Required],Member Email\n", member, users)
    }

    fn new(header: &str, line: fn(u32) -> String, users: u32) -> Self {
        Self { line, users, next: 0, text: header.as_bytes().to_vec(), read: 0 }
    }
}

impl Read for PeopleFile {
    fn read(&mut self, into: &mut [u8]) -> std::io::Result<usize> {
        if self.read == self.text.len() {
            let until = self.next.saturating_add(ROWS_AT_ONCE).min(self.users);
            self.text = (self.next..until).map(self.line).collect::<String>().into_bytes();
            self.next = until;
            self.read = 0;
        }
        let count = into.len().min(self.text.len() - self.read);
        into[..count].copy_from_slice(&self.text[self.read..self.read + count]);
        self.read += count;
        Ok(count)
    }
}

/// The address of one of the groups.
pub(crate) fn group(number: u32) -> String {
    format!("group{number}@example.com")
}

fn member(number: u32) -> String {
    format!("{},user{number:07}@example.com\n", group(number % GROUPS))
}

fn user(number: u32) -> String {
    let building = if number.is_multiple_of(RARE) { format!("B{}", number % 7) } else { String::new() };
    let floor = if number % RARE == 1 { format!("F{}", number % 7) } else { String::new() };
    format!(
        "Given{number},Family{number},user{number:07}@example.com,/Unit {},E{number:07},Engineer {},Department {},CC-{},+1-555-{number:07},{building},{floor}\n",
        number % 20,
        number % 12,
        number % 50,
        number % 9,
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_file_has_a_header_and_a_line_for_everybody() {
        let mut text = String::new();
        PeopleFile::users(2_500).read_to_string(&mut text).expect("it is UTF-8");
        assert_eq!(text.lines().count(), 2_501);
        assert!(text.lines().all(|line| line.split(',').count() == 11));
        assert!(text.lines().last().is_some_and(|line| line.starts_with("Given2499,")));
    }
}
