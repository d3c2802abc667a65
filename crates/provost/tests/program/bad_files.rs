//! Files that cannot be used as they are: one clear error each, and nothing is lost.

use crate::people::{config, files};
use crate::run::{Ran, make_data, provost};
use provost_testkit::unique_dir;
use std::path::Path;
use tempfile::TempDir;

/// A data directory with thirty people and, if configured, the app; no server holds it.
pub(crate) struct Data {
    directory: TempDir,
}

impl Data {
    /// With thirty people.
    pub(crate) fn with_people() -> Self {
        let data = Self { directory: unique_dir() };
        make_data(&data.path());
        let people = files(30, "person");
        let (users, members) = (data.write("users.csv", &people.users), data.write("members.csv", &people.members));
        data.run(&["import", &users, "--members", &members]).well();
        data
    }

    pub(crate) fn file(&self, name: &str) -> String {
        self.directory.path().join(name).to_str().expect("a path of text").to_owned()
    }

    pub(crate) fn write(&self, name: &str, text: &str) -> String {
        std::fs::write(Path::new(&self.file(name)), text).expect("the directory can be written");
        self.file(name)
    }

    /// The data directory itself.
    pub(crate) fn path(&self) -> String {
        self.file("data")
    }

    /// A verb on the data directory.
    pub(crate) fn run(&self, arguments: &[&str]) -> Ran {
        let path = self.path();
        let mut all = arguments.to_vec();
        all.extend(["--data", &path, "--allow-private", "127.0.0.0/8"]);
        provost(&all)
    }

    /// Everything that the verbs show.
    pub(crate) fn state(&self) -> String {
        let shown = [
            &["users", "list", "--json"][..],
            &["groups", "list", "--json"],
            &["groups", "members", "staff@example.com", "--json"],
            &["config", "export"],
        ];
        shown.map(|verb| self.run(verb).well()).join("\n")
    }

    fn import(&self, csv: &str) -> Ran {
        let file = self.write("bad.csv", csv);
        self.run(&["import", &file])
    }

    fn apply(&self, yaml: &str) -> Ran {
        let file = self.write("bad.yaml", yaml);
        self.run(&["config", "apply", &file, "--yes"])
    }
}

const HEADER: &str =
    "First Name [Required],Last Name [Required],Email Address [Required],Org Unit Path [Required],Employee Title,Shoe Size\n";

#[test]
fn an_app_that_is_there_needs_no_catalogue_in_the_file() {
    let data = Data::with_people();
    let entry = |catalogue: &str| {
        let sso = "{ acs_url: \"https://tenant.example/acs\", entity_id: \"https://tenant.example\" }";
        format!("apps:\n  - name: Other\n{catalogue}    sso: {sso}\n    access: {{ default: on }}\n")
    };
    data.apply(&entry("")).refused(&["Other", "catalogue is missing", "generic"]);
    data.apply(&entry("    catalogue: generic\n")).well();
    let before = data.state();
    data.apply(&entry("")).well();
    data.apply(&entry("    catalogue: netskope\n")).refused(&["Other", "cannot become \"netskope\""]);
    assert_eq!(data.state(), before, "what is not in the file stays");
}

#[test]
fn bad_rows_are_told_by_line_and_the_good_ones_are_kept() {
    let data = Data::with_people();
    let before = data.state();
    let long = "x".repeat(10 * 1024 * 1024);
    let csv = format!(
        "{HEADER}Ada,One,good.1@example.com,/,,41\n\
         Bo,\"Two,broken.2@example.com,/,,\n\
         Cy,Three,broken.3@example.com\n\
         Di,Four,good.4@example.com,/Sales,Chief,\n\
         Ed,Five,GOOD.1@example.com,/,,\n\
         Fi,{long},broken.6@example.com,/,,\n\
         Gu,Seven,not an address,/,,\n\
         Ha,Eight,good.8@example.com,/,,\n"
    );
    let dry = {
        let file = data.write("bad.csv", &csv);
        data.run(&["import", &file, "--dry-run"])
    };
    assert_eq!(dry.code, Some(1), "{dry:#?}");
    assert_eq!(data.state(), before, "a dry run changes nothing");
    let ran = data.import(&csv);
    assert_eq!(ran.code, Some(1), "rows were left out: {ran:#?}");
    for part in [
        "users line 3 was left out: a quote (\") is opened and not closed properly",
        "users line 4 was left out: the line has 3 fields, the header has 6",
        "users line 6 was left out: duplicate e-mail: line 2 has good.1@example.com already",
        "users line 7 was left out: the line is longer than 1 MiB",
        "users line 8 was left out",
        "unknown columns: Shoe Size",
        "added: 3",
        "rows left out: 5",
    ] {
        assert!(ran.out.contains(part), "{part:?} is not told: {ran:#?}");
    }
    for word in ["dry run", "members:", "rejected count"] {
        assert!(!ran.out.contains(word), "{word:?} says nothing: {ran:#?}");
    }
    assert!(ran.out.len() < 10_000, "what was wrong is not repeated at its length");
    let state = data.state();
    for kept in ["good.1@example.com", "good.4@example.com", "good.8@example.com", "person.1@example.com", "person.30@"] {
        assert!(state.contains(kept), "{kept} is lost");
    }
    assert!(!state.contains("broken."), "{state}");
    assert!(state.len() > before.len());
}

#[test]
fn a_file_with_wrong_columns_is_refused_as_a_whole() {
    let data = Data::with_people();
    let before = data.state();
    let row = "Ada,One,new@example.com,/,,\n";
    let wrong = HEADER.replace("Email Address [Required]", "Mail");
    data.import(&format!("{wrong}{row}")).refused(&["\"Email Address [Required]\" is missing", "it has First Name"]);
    let semicolons = HEADER.replace(',', ";");
    data.import(&semicolons).refused(&["separated by semicolons, save it with commas"]);
    data.import("").refused(&["the file is empty: it needs a header row"]);
    data.import(&format!("{HEADER}\"{}", "y".repeat(10 * 1024 * 1024)).replace('\n', " ")).refused(&["longer than 1 MiB"]);
    data.run(&["import", &data.file("nowhere.csv")]).refused(&["cannot read", "nowhere.csv"]);
    // The members file is bad: the users before it are not written either.
    let (users, members) = (data.write("good.csv", &format!("{HEADER}{row}")), data.write("bad.csv", "Gruppe,Mitglied\n"));
    data.run(&["import", &users, "--members", &members]).refused(&["the members file cannot be imported", "\"Group Email"]);
    assert_eq!(data.state(), before);
}

#[test]
fn a_file_that_was_cut_suspends_nobody_until_that_is_confirmed() {
    let data = Data::with_people();
    let whole = std::fs::read_to_string(data.file("users.csv")).expect("it was written");
    let active = || data.run(&["users", "list", "--json"]).well().matches("\"state\": \"active\"").count();
    let before = active();
    let import = |text: &str, more: &[&str]| {
        let file = data.write("cut.csv", text);
        data.run(&[&["import", &file, "--absent", "suspend"], more].concat())
    };
    let lines = |count: usize| whole.split_inclusive('\n').take(count).collect::<String>();
    let in_mid_record = whole[..whole.len() - 12].to_owned();
    let in_mid_quote = format!("{}\"Ada", lines(29));
    let at_the_end_of_a_record = lines(29).trim_end().to_owned();
    for (text, says) in [
        (lines(1), "active users are not in the file, more than the"),
        (lines(16), "active users are not in the file, more than the"),
        (in_mid_record, "rows of the file were not kept"),
        (in_mid_quote, "rows of the file were not kept"),
        (at_the_end_of_a_record, "the file may have been cut"),
    ] {
        for more in [&["--dry-run"][..], &[]] {
            let ran = import(&text, more);
            assert_eq!(ran.code, Some(1), "{ran:#?}");
            assert!(ran.out.contains("Nobody was suspended for being absent: ") && ran.out.contains(says), "{says}: {ran:#?}");
            assert_eq!(active(), before, "{says}");
        }
    }
    // Nothing at all, not even a header.
    import("", &[]).refused(&["the file is empty: it needs a header row"]);
    let told = import(&lines(16), &["--json"]).json()["report"]["absent_refused"].to_string();
    let allowed =
        told.split("--absent-max ").nth(1).and_then(|text| text.split(',').next()).expect("it says what to do").to_owned();
    import(&lines(16), &["--absent-max", &allowed]).well();
    assert_eq!(active() + allowed.parse::<usize>().expect("a number"), before);
}

#[test]
fn a_dry_run_of_both_files_knows_the_users_of_the_first() {
    let data = Data::with_people();
    let before = data.state();
    let more = files(40, "more");
    let (users, members) = (data.write("more.csv", &more.users), data.write("more-members.csv", &more.members));
    let report = data.run(&["import", &users, "--members", &members, "--dry-run", "--json"]).json()["report"].take();
    assert_eq!(report["users"]["added"], 40, "{report:#}");
    assert_eq!(report["members"]["outside"], 1, "only the one from outside is outside: {report:#}");
    assert_eq!(report["rejected_count"], 0, "{report:#}");
    assert_eq!(data.state(), before);
    let done = data.run(&["import", &users, "--members", &members, "--json"]).json()["report"].take();
    for part in ["users", "members"] {
        assert_eq!(done[part], report[part], "the dry run told what would be done");
    }
}

#[test]
fn a_bad_configuration_file_changes_nothing() {
    let data = Data::with_people();
    let endpoint = "http://127.0.0.1:9/api/v2/scim";
    let good = config(endpoint);
    data.write("token", "a-token\n");
    let planned = data.run(&["config", "apply", &data.write("good.yaml", &good), "--plan"]).well();
    assert!(planned.contains("turn autoprovisioning on"), "{planned}");
    assert!(!data.state().contains("netskope"), "a plan changes nothing");
    data.apply(&good).well();
    let before = data.state();
    assert!(before.contains(endpoint) && !before.contains("a-token"), "{before}");

    let unknown = good.replace("      status: active", "      statsu: inactive");
    let line = unknown.lines().position(|line| line.contains("statsu")).expect("it was put there") + 1;
    data.apply(&unknown).refused(&[&format!("line {line}, column 7"), "statsu", "bad.yaml"]);
    data.apply(&good.replace("status: active", "status: on")).refused(&[&format!("line {line}, "), "on"]);
    data.apply(&good.replace(endpoint, "https://{tenant-name}.goskope.com/api/v2/scim"))
        .refused(&["{tenant-name}", "put your tenant's name there"]);
    data.apply(&good.replace(endpoint, "http://tenant.example/api/v2/scim")).refused(&["https://"]);
    data.apply(&good.replace("staff@example.com", "stuff@example.com")).refused(&["stuff@example.com"]);
    let other = good.replace("name: Netskope", "name: Other");
    data.apply(&other.replace("catalogue: netskope", "catalogue: netskop")).refused(&["Other", "\"netskop\"", "generic"]);
    data.apply(&other).refused(&["Other", "another app is connected"]);
    data.apply(&good.replace("./token", "./tokken")).refused(&["cannot read the token of Netskope", "tokken"]);
    let suspending = good
        .replace("name: Netskope", "name: Second")
        .replace("catalogue: netskope", "catalogue: netskope-suspend")
        .replace(":9/", ":10/")
        .replace("suspended: { delete_after: 21d }", "suspended: { suspend_after: 7d, delete_after: 7d }");
    data.apply(&suspending).refused(&["Second", "must be later than suspend", "set more time before the hard delete"]);
    let cannot = good.replace("suspended: { delete_after: 21d }", "suspended: { suspend_after: 7d, delete_after: 21d }");
    data.apply(&cannot).refused(&["this app cannot suspend accounts"]);
    assert_eq!(data.state(), before);

    let exported = data.run(&["config", "export"]).well();
    let applied = data.apply(&exported).well();
    assert!(applied.contains("nothing to change"), "what is exported can be applied: {applied}");
    assert_eq!(data.state(), before);
}
