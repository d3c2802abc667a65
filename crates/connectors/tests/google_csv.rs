//! The Google Admin console's files, imported as they are, on both engines.
#![expect(clippy::unwrap_used, reason = "a test's helper fails the test by panicking")]

use provost_connectors::google_csv::{Absent, File, ImportError, ImportReport, Options, Progress, import};
use provost_core::directory::{DirectoryAttribute, DomainKind, Member, UserState};
use provost_core::ids::UserId;
use provost_platform::{Clock, Sealer};
use provost_store::directory::users::UserQuery;
use provost_store::directory::{domains, groups, org_units, users};
use provost_store::{Actor, Store};
use std::future::Future;

const HEADER: &str = "First Name [Required],Last Name [Required],Email Address [Required],Password [Required],\
    Password Hash Function [UPLOAD ONLY],Org Unit Path [Required],New Primary Email [UPLOAD ONLY],Status [READ ONLY],\
    Last Sign In [READ ONLY],Recovery Email,Home Secondary Email,Work Secondary Email,\
    Recovery Phone [MUST BE IN THE E.164 FORMAT],Work Phone,Home Phone,Mobile Phone,Work Address,Home Address,Employee ID,\
    Employee Type,Employee Title,Manager Email,Department,Cost Center,2sv Enrolled [READ ONLY],2sv Enforced [READ ONLY],\
    Building ID,Floor Name,Floor Section,Email Usage [READ ONLY],Change Password at Next Sign-In,New Status [UPLOAD ONLY],\
    Favourite Colour";

fn on_each_engine<Test: Future<Output = ()>>(test: impl Fn(Store) -> Test) {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    for (engine, location, _guard) in provost_db::testing::locations() {
        eprintln!("on {engine}");
        runtime.block_on(async {
            test(Store::open(&location, Clock::adjustable(), Sealer::from_key([7; 32])).await.unwrap()).await;
        });
    }
}

async fn run(store: &Store, users: &str, members: Option<&str>, options: Options) -> Result<ImportReport, ImportError> {
    import(store, &Actor::CommandLine, users.as_bytes(), members.map(str::as_bytes), options, &mut |_| {}).await
}

/// A file with the four required columns and the status.
fn short(rows: &[&str]) -> String {
    let header =
        "First Name [Required],Last Name [Required],Email Address [Required],Org Unit Path [Required],Status [READ ONLY]";
    std::iter::once(header).chain(rows.iter().copied()).flat_map(|row| [row, "\n"]).collect()
}

async fn count(store: &Store, state: Option<UserState>) -> usize {
    users::list(store, &UserQuery { state, limit: 1_000, ..UserQuery::default() }).await.unwrap().items.len()
}

#[test]
fn a_whole_download_is_read_as_it_is() {
    on_each_engine(|store: Store| async move {
        let text = format!(
            "\u{feff}{HEADER}\r\nAda,Lovelace,Ada@acme.example,****,,/Research/Engines,,Active,2026-11-01 10:00,r@p.example,\
             h@p.example,w@p.example,+441,+442,+443,+444,\"1 Work Street\nLondon\",\"2, Home Street\",E1,Staff,Countess,\
             boss@acme.example,Maths,CC7,True,False,B1,F2,S3,1.5GB,False,,blue\r\n\
             Bob,Babbage,bob@sub.example,****,,/,,Suspended,Never logged in,,,,,,,,,,,,,,,,False,False,,,,0.0GB,False,,\r\n"
        );
        let report = run(&store, &text, None, Options::default()).await.unwrap();
        assert_eq!(report.rejected, []);
        assert_eq!((report.users.rows, report.users.added, report.users.suspended), (2, 2, 1));
        assert_eq!(report.unknown_columns, ["Favourite Colour"]);
        assert_eq!(report.domains_created, ["acme.example", "sub.example"]);
        let ada = users::find(&store, "ada@acme.example").await.unwrap();
        let expected = [
            ("user.recovery_email", "r@p.example"),
            ("user.recovery_phone", "+441"),
            ("user.emails.home", "h@p.example"),
            ("user.emails.work", "w@p.example"),
            ("user.phones.work", "+442"),
            ("user.phones.home", "+443"),
            ("user.phones.mobile", "+444"),
            ("user.addresses.work", "1 Work Street\nLondon"),
            ("user.addresses.home", "2, Home Street"),
            ("user.external_ids.organization", "E1"),
            ("user.organizations.type", "Staff"),
            ("user.organizations.title", "Countess"),
            ("user.relations.manager", "boss@acme.example"),
            ("user.organizations.department", "Maths"),
            ("user.organizations.cost_center", "CC7"),
            ("user.locations.building_id", "B1"),
            ("user.locations.floor_name", "F2"),
            ("user.locations.floor_section", "S3"),
        ];
        for (key, value) in expected {
            assert_eq!(DirectoryAttribute::find(key).unwrap().read(&ada).as_deref(), Some(value), "{key}");
        }
        assert_eq!(ada.attributes["organizations"].as_array().map(Vec::len), Some(1));
        assert_eq!(ada.attributes["organizations"][0]["primary"], true);
        let bob = users::find(&store, "bob@sub.example").await.unwrap();
        assert!(bob.attributes.is_empty(), "empty cells make nothing");
        let kinds: Vec<DomainKind> = domains::list(&store).await.unwrap().into_iter().map(|domain| domain.kind).collect();
        assert_eq!(kinds, [DomainKind::Primary, DomainKind::Secondary]);
        assert_eq!(org_units::get(&store, ada.org_unit).await.unwrap().path, "/Research/Engines");

        let again = run(&store, &text, None, Options::default()).await.unwrap();
        assert_eq!((again.users.unchanged, again.users.changed), (2, 0));
        let changed = text.replace("Countess", "").replace(",,Suspended,", ",bobby@sub.example,Active,");
        let report = run(&store, &changed, None, Options::default()).await.unwrap();
        assert_eq!((report.users.changed, report.users.renamed, report.users.reactivated), (2, 1, 1));
        let ada = users::get(&store, ada.id).await.unwrap();
        assert_eq!(DirectoryAttribute::find("user.organizations.title").unwrap().read(&ada), None, "an empty cell clears");
        assert_eq!(users::find(&store, "bobby@sub.example").await.unwrap().id, bob.id);
    });
}

#[test]
fn broken_rows_cost_only_themselves() {
    on_each_engine(|store: Store| async move {
        let long = format!("{},x,long@acme.example,/,Active", "x".repeat(10 * 1024 * 1024));
        let mut text = short(&[
            "Ada,L,ada@acme.example,/,Active",
            "too,few",
            "\"Open,L,open@acme.example,/,Active",
            "Bob,B,bob@acme.example,/,Active",
            &long,
            "Ada,L,ADA@acme.example,/,Active",
            "Eve,E,eve@acme.example,/,Frozen",
            "Zoe,Z,zoe@acme.example,/,Active",
        ])
        .into_bytes();
        text.extend_from_slice(b"\xff,Z,bad@acme.example,/,Active\nYan,Y,yan@acme.example,/,Active");
        let mut progress: Vec<Progress> = Vec::new();
        let report = import(&store, &Actor::CommandLine, text.as_slice(), None::<&[u8]>, Options::default(), &mut |step| {
            progress.push(step);
        })
        .await
        .unwrap();
        assert_eq!((report.users.rows, report.users.added, report.rejected_count), (10, 4, 6));
        let mut rejected: Vec<(u64, &str)> = report.rejected.iter().map(|one| (one.line, one.reason.as_str())).collect();
        rejected.sort_unstable();
        let expected = [
            (3, "the line has 2 fields, the header has 5"),
            (4, "a quote (\") is opened and not closed"),
            (6, "the line is longer than 1 MiB"),
            (7, "duplicate e-mail: line 2 has ada@acme.example already"),
            (8, "the status \"Frozen\" is not known"),
            (10, "the line is not UTF-8 text"),
        ];
        for ((line, reason), (expected_line, start)) in rejected.iter().zip(expected) {
            assert!(*line == expected_line && reason.starts_with(start), "line {line}: {reason}");
        }
        assert_eq!(progress.last().map(|step| (step.file, step.rows, step.bytes)), Some((File::Users, 10, text.len() as u64)));
        assert!(report.to_string().contains("users file line 3: the line has 2 fields"));
    });
}

#[test]
fn a_header_that_cannot_be_used_is_one_clear_error() {
    on_each_engine(|store: Store| async move {
        let good = short(&["Ada,L,ada@acme.example,/,Active"]);
        for (users, members, message) in [
            (
                good.replace("Email Address", "E-Mail"),
                None,
                "the column \"Email Address [Required]\" is missing from the header row",
            ),
            (good.replace(',', ";"), None, "the file is separated by semicolons"),
            (good.replace("Status [READ ONLY]", "last name"), None, "the column \"last name\" stands there twice"),
            (String::new(), None, "the file is empty"),
            ("\u{0}\u{1}".to_owned(), None, "are missing from the header row"),
            (
                good.clone(),
                Some("Group,Member Email\n"),
                "the members file cannot be imported: the column \"Group Email [Required]\"",
            ),
        ] {
            let error = run(&store, &users, members, Options::default()).await.unwrap_err().to_string();
            assert!(error.contains(message), "{error}");
        }
        assert_eq!(count(&store, None).await, 0, "nothing was written, also not of the good users file");
    });
}

#[test]
fn members_make_groups_and_nest() {
    on_each_engine(|store: Store| async move {
        let users_file = short(&["Ada,L,ada@acme.example,/,Active"]);
        let members = "Group Email [Required],Member Email,Member Type,Member Role\n\
            eng@acme.example,ada@acme.example,USER,OWNER\n\
            all@acme.example,eng@acme.example,GROUP,MEMBER\n\
            all@acme.example,friend@elsewhere.example,USER,MEMBER\n\
            eng@acme.example,all@acme.example,GROUP,MEMBER\n\
            eng@acme.example,bob@acme.example,USER,KING\n\
            eng@acme.example,,CUSTOMER,MEMBER\n";
        let options = Options { dry_run: true, ..Options::default() };
        let foreseen = run(&store, &users_file, Some(members), options).await.unwrap();
        assert_eq!((count(&store, None).await, foreseen.dry_run), (0, true));
        let report = run(&store, &users_file, Some(members), Options::default()).await.unwrap();
        assert_eq!(ImportReport { dry_run: false, ..foreseen }, report);
        let done = report.members;
        assert_eq!((done.rows, done.added, done.outside, done.groups_created), (6, 3, 1, 2));
        assert_eq!(
            report.rejected.iter().map(|one| (one.file, one.line)).collect::<Vec<_>>(),
            [(File::Members, 6), (File::Members, 7), (File::Members, 5)]
        );
        let ada: UserId = users::find(&store, "ada@acme.example").await.unwrap().id;
        let groups_of: Vec<_> =
            groups::groups_of_user(&store, ada).await.unwrap().into_iter().map(|(group, direct)| (group.email, direct)).collect();
        assert_eq!(groups_of, [("all@acme.example".to_owned(), false), ("eng@acme.example".to_owned(), true)]);
        let all = groups::find(&store, "all@acme.example").await.unwrap();
        let members = groups::members(&store, all.id, None, 10).await.unwrap().items;
        assert_eq!(members[1].member, Member::Outside("friend@elsewhere.example".into()));
    });
}

#[test]
fn absent_users_are_suspended_only_when_that_is_plausible() {
    on_each_engine(|store: Store| async move {
        let rows: Vec<String> = (0..30).map(|number| format!("U,{number},u{number:02}@acme.example,/,Active")).collect();
        let file = |count: usize| short(&rows[..count].iter().map(String::as_str).collect::<Vec<_>>());
        let suspend = Options { absent: Absent::Suspend, ..Options::default() };
        run(&store, &file(30), None, Options::default()).await.unwrap();
        let kept = run(&store, &file(25), None, Options::default()).await.unwrap();
        assert_eq!((kept.users.absent_suspended, count(&store, Some(UserState::Suspended)).await), (0, 0));
        for small in [file(23), file(0)] {
            let refused = run(&store, &small, None, suspend).await.unwrap();
            assert!(refused.absent_refused.unwrap().contains("of 30 active users are not in the file"));
        }
        let broken = file(25).replace("U,7,", "U,");
        let refused = run(&store, &broken, None, suspend).await.unwrap();
        assert!(refused.absent_refused.unwrap().contains("would count as absent"));
        assert_eq!(count(&store, Some(UserState::Suspended)).await, 0);
        let foreseen = run(&store, &file(25), None, Options { dry_run: true, ..suspend }).await.unwrap();
        assert_eq!((foreseen.users.absent_suspended, count(&store, Some(UserState::Suspended)).await), (5, 0));
        let done = run(&store, &file(25), None, suspend).await.unwrap();
        assert_eq!((done.users.absent_suspended, count(&store, Some(UserState::Suspended)).await), (5, 5));
        let many = run(&store, &file(15), None, Options { absent_max: Some(10), ..suspend }).await.unwrap();
        assert_eq!(many.users.absent_suspended, 10);
    });
}

#[test]
fn a_file_that_does_not_look_like_the_whole_directory_suspends_nobody() {
    on_each_engine(|store: Store| async move {
        let row = |prefix: &str, number: usize| format!("U,{number},{prefix}{number:02}@acme.example,/,Active\n");
        let file = |prefix: &str, numbers: std::ops::Range<usize>| {
            short(&[]) + &numbers.map(|number| row(prefix, number)).collect::<String>()
        };
        let suspend = Options { absent: Absent::Suspend, ..Options::default() };
        let dry = Options { dry_run: true, ..suspend };
        let suspended = async || count(&store, Some(UserState::Suspended)).await;
        run(&store, &file("u", 0..3), None, Options::default()).await.unwrap();

        // Few may be absent, but not everybody, also where the file brings many others.
        for options in [dry, suspend] {
            let others = run(&store, &file("v", 0..40), None, options).await.unwrap();
            let text = others.absent_refused.unwrap();
            assert!(text.contains("3 of 3 active users") && text.contains("more than the 2"), "{text}");
        }
        let again = run(&store, &file("w", 0..400), None, suspend).await.unwrap();
        assert!(again.absent_refused.unwrap().contains("43 of 43 active users"));
        assert_eq!(suspended().await, 0);

        // Cut in the last field of its last row, and in the middle of a quoted one.
        let whole = file("u", 0..3) + &file("v", 0..40).replace(&short(&[]), "") + &file("w", 0..395).replace(&short(&[]), "");
        let cut = whole.strip_suffix("tive\n").unwrap().to_owned() + "tive";
        for options in [dry, suspend] {
            let text = run(&store, &cut, None, options).await.unwrap().absent_refused.unwrap();
            assert!(text.contains("may have been cut, and 5 of 443 active users"), "{text}");
        }
        let quoted = format!("{whole}\"Somebo");
        let text = run(&store, &quoted, None, suspend).await.unwrap().absent_refused.unwrap();
        assert!(text.contains("would count as absent"), "{text}");
        let too_few = run(&store, &cut, None, Options { absent_max: Some(4), ..suspend }).await.unwrap();
        assert!(too_few.absent_refused.unwrap().contains("more than the 4 that were confirmed"));
        assert_eq!(suspended().await, 0);
        let confirmed = run(&store, &cut, None, Options { absent_max: Some(5), ..suspend }).await.unwrap();
        assert_eq!((confirmed.absent_refused, confirmed.users.absent_suspended, suspended().await), (None, 5, 5));
        // The same file without an end harms nobody when nobody is absent.
        assert_eq!(run(&store, &cut, None, suspend).await.unwrap().absent_refused, None);
    });
}

#[test]
fn thousands_of_rows_go_chunk_by_chunk() {
    on_each_engine(|store: Store| async move {
        let rows: Vec<String> = (0..2_500).map(|number| format!("U,{number},u{number}@acme.example,/T{},", number % 7)).collect();
        let text = short(&rows.iter().map(String::as_str).collect::<Vec<_>>());
        let mut steps: Vec<u64> = Vec::new();
        let report = import(&store, &Actor::CommandLine, text.as_bytes(), None::<&[u8]>, Options::default(), &mut |step| {
            steps.push(step.rows);
        })
        .await
        .unwrap();
        assert_eq!((report.users.added, report.org_units_created.len()), (2_500, 7));
        assert_eq!(steps, [1_000, 2_000, 2_500]);
    });
}
