//! The people of the demonstration, as the two files that a Google Admin console downloads.

use std::fmt::Write;

/// The organization's primary domain.
pub(super) const PRIMARY: &str = "meridian.example";

/// A secondary domain: members of a scope group from here are skipped.
pub(super) const SECONDARY: &str = "meridian-labs.example";

/// The group that is the provisioning scope: its members are the teams.
pub(super) const STAFF: &str = "staff@meridian.example";

/// An access group: ON also where the org unit is OFF.
pub(super) const VIP: &str = "vip-contractors@meridian.example";

const GIVEN: [&str; 40] = [
    "Amara", "Anton", "Beatriz", "Bram", "Chiara", "Callum", "Daria", "Dmitri", "Elif", "Emeka", "Freya", "Farid", "Grace",
    "Gustavo", "Hanna", "Hiro", "Imani", "Ivan", "Jana", "Jonas", "Keiko", "Kwame", "Leila", "Luca", "Maren", "Mateo", "Nadia",
    "Niels", "Olga", "Omar", "Priya", "Paul", "Renata", "Ravi", "Sofia", "Søren", "Tereza", "Tomás", "Yara", "Zoltan",
];

const FAMILY: [&str; 37] = [
    "Adeyemi",
    "Almeida",
    "Bakker",
    "Bauer",
    "Castillo",
    "Chen",
    "Dahl",
    "Dubois",
    "Eriksson",
    "Ferrari",
    "Fofanah",
    "García",
    "Haddad",
    "Horvat",
    "Ito",
    "Jansen",
    "Kaya",
    "Kowalski",
    "Larsen",
    "Lindqvist",
    "Marino",
    "Mbeki",
    "Nakamura",
    "Novák",
    "O'Brien",
    "Okafor",
    "Petrov",
    "Quinn",
    "Rahman",
    "Rossi",
    "Sato",
    "Schmidt",
    "Tanaka",
    "Usman",
    "Varga",
    "Weiss",
    "Young",
];

/// Org unit, department, titles, the team's group.
const TEAMS: [(&str, &str, [&str; 3], &str); 6] = [
    ("/Engineering", "Engineering", ["Software Engineer", "Staff Engineer", "Engineering Manager"], "engineering"),
    ("/Engineering/Platform", "Platform", ["Site Reliability Engineer", "Platform Engineer", "Tech Lead"], "platform"),
    ("/Sales", "Sales", ["Account Executive", "Sales Engineer", "Regional Director"], "sales"),
    ("/Finance", "Finance", ["Accountant", "Controller", "Financial Analyst"], "finance"),
    ("/People", "People", ["Recruiter", "People Partner", "Benefits Specialist"], "people"),
    ("/Contractors", "Contractors", ["Consultant", "Contract Developer", "Auditor"], "contractors"),
];

/// The two files.
pub(super) struct Files {
    /// The user download.
    pub users: String,
    /// The group members list.
    pub members: String,
}

/// `count` people: one in 23 suspended, one in 29 archived, one in 12 in the secondary domain; teams nested in the scope
/// group, a few contractors in the access group, and two members from outside.
pub(super) fn files(count: u32) -> Files {
    let mut users = String::from(
        "First Name [Required],Last Name [Required],Email Address [Required],Password [Required],Org Unit Path [Required],\
         Status [READ ONLY],Employee ID,Employee Title,Department,Cost Center,Work Phone\n",
    );
    let mut members = String::from("Group Email [Required],Member Email,Member Type,Member Role\n");
    for (_, _, _, team) in TEAMS {
        line(&mut members, &format!("{STAFF},{team}@{PRIMARY},GROUP,MEMBER"));
    }
    for number in 0..count as usize {
        let (given, family) = (GIVEN[number % GIVEN.len()], FAMILY[(number * 7 + number / GIVEN.len()) % FAMILY.len()]);
        let (org_unit, department, titles, team) = TEAMS[number % TEAMS.len()];
        let domain = if number % 12 == 7 { SECONDARY } else { PRIMARY };
        let address = format!("{}.{}.{number}@{domain}", ascii(given), ascii(family));
        let status = match number {
            number if number % 23 == 5 => "Suspended",
            number if number % 29 == 6 => "Archived",
            _ => "Active",
        };
        let title = titles[number / TEAMS.len() % titles.len()];
        line(
            &mut users,
            &format!(
                "{given},{family},{address},****,{org_unit},{status},M{:05},{title},{department},CC-{},+49 30 555 {:04}",
                number + 1,
                100 + number % TEAMS.len(),
                number
            ),
        );
        line(&mut members, &format!("{team}@{PRIMARY},{address},USER,{}", if number < TEAMS.len() { "OWNER" } else { "MEMBER" }));
        if team == "contractors" && number % 5 == 0 {
            line(&mut members, &format!("{VIP},{address},USER,MEMBER"));
        }
    }
    for outside in ["lena@partner.example", "auditor@big-four.example"] {
        line(&mut members, &format!("finance@{PRIMARY},{outside},USER,MEMBER"));
    }
    Files { users, members }
}

fn line(text: &mut String, row: &str) {
    // Writing to a String cannot fail.
    let _ = writeln!(text, "{row}");
}

/// The letters of an address: lower case, without accents and apostrophes.
fn ascii(name: &str) -> String {
    name.to_lowercase()
        .chars()
        .filter_map(|letter| match letter {
            'á' => Some('a'),
            'í' => Some('i'),
            'ø' => Some('o'),
            letter if letter.is_ascii_alphabetic() => Some(letter),
            _ => None,
        })
        .collect()
}
