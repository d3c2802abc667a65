//! Made-up people, the same for the same number, and the file a Google Admin console would download of them.

use std::fmt::Write;

/// One made-up person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Person {
    /// `ada.abe.1@example.com`
    pub email: String,
    /// First name.
    pub given: String,
    /// Last name.
    pub family: String,
    /// `/Sales`
    pub org_unit: String,
    /// `Active`, `Suspended` or `Archived`.
    pub status: &'static str,
    /// Employee title.
    pub title: String,
    /// Department.
    pub department: String,
}

const GIVEN: [&str; 12] = ["Ada", "Bo", "Chloé", "Dragan", "Ece", "Femi", "Göran", "Hana", "Ines", "Jun", "Kofi", "Łucja"];
const FAMILY: [&str; 10] = ["Abe", "Bianchi", "Costa", "Diaz", "Eriksen", "Fischer", "García", "O'Hara", "Ivanova", "Žukauskas"];
const UNITS: [(&str, &str); 5] = [
    ("/Sales", "Sales"),
    ("/Sales/EMEA", "Sales"),
    ("/Engineering", "Engineering"),
    ("/Contractors", "Contract"),
    ("/", "Office"),
];

/// `count` people: one in 19 suspended, one in 23 archived, one in 11 in the secondary domain `second`.
pub fn people(count: usize, primary: &str, second: &str) -> Vec<Person> {
    (1..=count)
        .map(|number| {
            let (given, family) = (GIVEN[number % GIVEN.len()], FAMILY[(number / 3) % FAMILY.len()]);
            let (org_unit, department) = UNITS[number % UNITS.len()];
            let domain = if number % 11 == 7 { second } else { primary };
            let status = match number {
                number if number % 19 == 3 => "Suspended",
                number if number % 23 == 4 => "Archived",
                _ => "Active",
            };
            Person {
                email: format!("person.{number}@{domain}"),
                given: given.to_owned(),
                family: family.to_owned(),
                org_unit: org_unit.to_owned(),
                status,
                title: format!("Specialist {}", number % 7),
                department: department.to_owned(),
            }
        })
        .collect()
}

/// The user download of a Google Admin console, header row and all.
pub fn google_users_csv(people: &[Person]) -> String {
    let mut csv = String::from(
        "First Name [Required],Last Name [Required],Email Address [Required],Password [Required],Password Hash Function [UPLOAD ONLY],\
         Org Unit Path [Required],New Primary Email [UPLOAD ONLY],Status [READ ONLY],Last Sign In [READ ONLY],Recovery Email,\
         Employee ID,Employee Title,Department,Cost Center\n",
    );
    for (number, person) in people.iter().enumerate() {
        // Writing to a String cannot fail.
        let _ = writeln!(
            csv,
            "{},{},{},****,,{},,{},Never logged in,,E{number},{},{},CC-{}",
            person.given,
            person.family,
            person.email,
            person.org_unit,
            person.status,
            person.title,
            person.department,
            number % 9
        );
    }
    csv
}
