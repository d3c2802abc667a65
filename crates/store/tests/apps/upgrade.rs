//! Data of an older schema, with people and accounts in them, that are brought up to date: whatever step fails, and at whatever step
//! the process is killed, the next start goes on where it stood. Nothing is lost, nothing is done twice, and nobody is sent anything
//! twice for it.

use crate::world::{BY, World};
use provost_core::app::{Action, GracePeriod};
use provost_core::provisioning::{Intent, OperationKind};
use provost_db::testing::locations;
use provost_db::{Batch, Db, Location, Migration, OpenError, Query, Row};
use provost_platform::{Clock, Sealer};
use provost_store::Store;
use provost_store::accounts;
use provost_store::apps::connections;
use provost_store::directory::users::{self, UserEdit};
use std::collections::BTreeMap;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// Accounts are there from this step on.
const FIRST: usize = 2;

const CHILD: &str = "PROVOST_STORE_TEST_UPGRADE";
const NAME: &str = "upgrade::an_upgrade_that_fails_or_is_killed_at_any_step_is_finished_by_the_next_start";

/// The schema's steps, from the files that the product is built with.
fn steps() -> Vec<Migration> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("migrations");
    let mut files: Vec<_> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    let step = |path: &std::path::PathBuf| {
        let stem = path.file_stem().unwrap().to_str().unwrap().to_owned();
        let (number, name) = stem.split_once('_').unwrap();
        let sql: &'static str = Box::leak(std::fs::read_to_string(path).unwrap().into_boxed_str());
        Migration { version: number.parse().unwrap(), name: Box::leak(name.to_owned().into_boxed_str()), sql }
    };
    files.iter().map(step).collect()
}

/// The first of them, the last with something behind it in its own transaction.
fn steps_with(count: usize, behind: &str) -> Vec<Migration> {
    let mut steps = steps()[..count].to_vec();
    let last = steps.last_mut().unwrap();
    last.sql = Box::leak(format!("{}\n{behind};\n", last.sql).into_boxed_str());
    steps
}

/// People whose accounts are linked, leaving, due, new, or have a request under way.
async fn populated(location: &Location) -> World {
    let store = Store::open(location, Clock::adjustable(), Sealer::from_key([7; 32])).await.unwrap();
    let world = World { store };
    world.found().await;
    let mut people = Vec::new();
    for number in 0..12 {
        people.push(world.user(&format!("u{number}@acme.example"), if number % 3 == 0 { "/Sales" } else { "/" }).await.id);
    }
    world.group("staff@acme.example", &["u1@acme.example", "u2@acme.example", "nobody@elsewhere.example"]).await;
    let mut config = World::config();
    config.deprovisioning.suspended.hard_delete = Some(Action { after: GracePeriod::Days7, edited_at: None });
    let connection = world.active(config).await;
    assert_eq!(world.sync(&connection).await.len(), 12);
    users::suspend(&world.store, &BY, people[0], "leave").await.unwrap();
    world.sync(&connection).await;
    let account = world.account(&connection, people[1]).await;
    let intent = Intent { kind: OperationKind::Update, matching: None };
    assert!(accounts::begin(&world.store, &connection, &[(&account, intent)]).await.unwrap());
    for number in [2, 3, 4] {
        let change = UserEdit { given_name: Some(format!("Name {number}")), ..UserEdit::default() };
        users::edit(&world.store, &BY, people[number], None, change).await.unwrap();
    }
    users::suspend(&world.store, &BY, people[5], "leave").await.unwrap();
    world.user("new@acme.example", "/").await;
    world
}

/// All rows of all tables: by table, the columns and the rows, without what the database works out itself.
type Dump = BTreeMap<String, (Vec<String>, Vec<Row>)>;

async fn texts(db: &Db, sql: String) -> Vec<String> {
    db.read(Query::new(sql, [])).await.unwrap().iter().map(|row| row.get(0).unwrap()).collect()
}

fn is_postgres(location: &Location) -> bool {
    matches!(location, Location::Postgres(_))
}

async fn dump(db: &Db, location: &Location) -> Dump {
    let (tables, columns) = if is_postgres(location) {
        (
            "SELECT CAST(tablename AS TEXT) FROM pg_tables WHERE schemaname = 'public'",
            "SELECT CAST(attname AS TEXT) FROM pg_attribute WHERE attrelid = CAST('{}' AS regclass) AND attnum > 0 \
             AND attgenerated = '' ORDER BY attnum",
        )
    } else {
        (
            "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%'",
            "SELECT name FROM pragma_table_info('{}') ORDER BY cid",
        )
    };
    let mut dump = Dump::new();
    for table in texts(db, tables.to_owned()).await.into_iter().filter(|table| table != "schema_version") {
        let columns = texts(db, columns.replace("{}", &table)).await;
        let rows = rows_of(db, &table, &columns).await;
        dump.insert(table, (columns, rows));
    }
    dump
}

/// In an order that depends on nothing but what they hold.
async fn rows_of(db: &Db, table: &str, columns: &[String]) -> Vec<Row> {
    let mut rows = db.read(Query::new(format!("SELECT {} FROM {table}", columns.join(", ")), [])).await.unwrap();
    rows.sort_by_key(|row| format!("{row:?}"));
    rows
}

/// Fills an older schema with what it can hold of the data.
async fn fill(db: &Db, location: &Location, data: &Dump) {
    let mut batch = Batch::new();
    for (table, (columns, empty)) in dump(db, location).await {
        assert!(empty.is_empty(), "{table}");
        let (known, rows) = &data[&table];
        let places: Vec<usize> = columns.iter().map(|column| known.iter().position(|other| other == column).unwrap()).collect();
        let numbers: Vec<String> = (1..=columns.len()).map(|number| format!("${number}")).collect();
        let sql = format!("INSERT INTO {table} ({}) VALUES ({})", columns.join(", "), numbers.join(", "));
        for Row(values) in rows {
            batch.expect(1, sql.clone(), places.iter().map(|place| values[*place].clone()));
        }
    }
    db.commit(batch).await.unwrap();
}

/// All that was there before is there, as it was.
async fn assert_kept(db: &Db, before: &Dump, what: &str) {
    for (table, (columns, rows)) in before {
        assert_eq!(&rows_of(db, table, columns).await, rows, "{what}: {table}");
    }
}

#[test]
fn an_upgrade_that_fails_or_is_killed_at_any_step_is_finished_by_the_next_start() {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    if let Ok(told) = std::env::var(CHILD) {
        return runtime.block_on(upgrade_for_ever(&told));
    }
    for (engine, (name, location, _guard)) in locations().into_iter().enumerate() {
        runtime.block_on(async {
            let source = populated(&location).await;
            let data = dump(&source.store.db, &location).await;
            let last = steps().len();
            // The longest way and the shortest one; each of their steps is broken off.
            for version in [FIRST, last - 1] {
                let [interrupted, smooth] = [0, 1].map(|_| locations().remove(engine));
                let what = format!("{name}, from step {version}");
                let old = Db::open(&interrupted.1, &steps()[..version]).await.unwrap();
                fill(&old, &interrupted.1, &data).await;
                fill(&Db::open(&smooth.1, &steps()[..version]).await.unwrap(), &smooth.1, &data).await;
                let before = dump(&old, &interrupted.1).await;
                assert!(before["account"].1.len() >= 12 && before["directory_user"].1.len() == 13, "{what}");
                drop(old);
                interrupt(&interrupted.1, version, &before, &what).await;
                let upgraded = Store::open(&interrupted.1, source.store.clock.clone(), Sealer::from_key([7; 32])).await.unwrap();
                let whole = dump(&upgraded.db, &interrupted.1).await;
                assert_kept(&upgraded.db, &before, &what).await;
                let smooth_db = Db::open(&smooth.1, &steps()).await.unwrap();
                assert_eq!(whole, dump(&smooth_db, &smooth.1).await, "{what}: as if nothing had come in between");
                let versions =
                    upgraded.db.read(Query::new("SELECT version FROM schema_version ORDER BY version", [])).await.unwrap();
                let versions: Vec<i64> = versions.iter().map(|row| row.get(0).unwrap()).collect();
                assert_eq!(versions, (1..=i64::try_from(last).unwrap()).collect::<Vec<_>>(), "{what}");
                sends_what_is_due_once(&World { store: upgraded }, &what).await;
            }
        });
    }
}

/// Three were changed, one has an open request, one is new; the others have what they should have.
async fn sends_what_is_due_once(world: &World, what: &str) {
    let connection = connections::list(&world.store).await.unwrap().remove(0);
    let mut sent = world.sync(&connection).await;
    sent.sort_by(|one, other| one.1.cmp(&other.1));
    let expected = [
        (OperationKind::Create, "new@acme.example"),
        (OperationKind::LookUp, "u1@acme.example"),
        (OperationKind::Update, "u2@acme.example"),
        (OperationKind::Update, "u3@acme.example"),
        (OperationKind::Update, "u4@acme.example"),
    ];
    let sent: Vec<_> = sent.iter().map(|(kind, email)| (*kind, email.as_str())).collect();
    assert_eq!(sent, expected, "{what}");
    assert_eq!(world.sync(&connection).await, [], "{what}: and nothing twice");
}

/// Goes up step by step; each of them is broken off by a kill and by a failure before it is done.
async fn interrupt(location: &Location, from: usize, before: &Dump, what: &str) {
    for step in from + 1..=steps().len() {
        let what = format!("{what}, at step {step}");
        // Does the step before it, which was broken off until now.
        let db = Db::open(location, &steps()[..step - 1]).await.unwrap();
        let tables: Vec<String> = dump(&db, location).await.into_keys().collect();
        kill_in(location, step, &db).await;
        let broken = Db::open(location, &steps_with(step, "INSERT INTO nowhere (id) VALUES (1)")).await;
        assert!(
            matches!(&broken, Err(OpenError::Migration { version, message, .. })
                if usize::try_from(*version) == Ok(step) && message.contains("nowhere")),
            "{what}: {broken:?}"
        );
        assert_kept(&db, before, &what).await;
        assert_eq!(dump(&db, location).await.into_keys().collect::<Vec<_>>(), tables, "{what}: nothing of it was kept");
    }
}

/// Starts a process that does this step and does not come to its end, and kills it in the middle.
async fn kill_in(location: &Location, step: usize, db: &Db) {
    let place = match location {
        Location::File(path) => path.display().to_string(),
        Location::Postgres(url) => url.clone(),
        Location::Memory => unreachable!("memory does not survive a process"),
    };
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", NAME, "--nocapture"])
        .env(CHILD, format!("{step} {place}"))
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let begun = Instant::now();
    while !is_in_the_step(&child, location, db).await {
        assert!(begun.elapsed() < Duration::from_mins(1), "the child does not come to step {step}");
        assert!(child.try_wait().unwrap().is_none(), "the child ended before it came to step {step}");
        std::thread::sleep(Duration::from_millis(5));
    }
    child.kill().unwrap();
    child.wait().unwrap();
    if is_postgres(location) {
        // The server would notice at the end of the statement that nobody is there any more.
        let sql = "SELECT count(*) FROM pg_stat_activity WHERE CASE WHEN datname = current_database() AND wait_event = 'PgSleep' \
                   THEN pg_terminate_backend(pid) ELSE FALSE END";
        assert_eq!(db.read(Query::new(sql, [])).await.unwrap()[0].get::<i64>(0).unwrap(), 1);
    }
}

/// Whether the child has done the step and is at what follows it in its transaction: it sleeps in the server, or has worked for
/// longer than all of its start takes.
async fn is_in_the_step(child: &Child, location: &Location, db: &Db) -> bool {
    if is_postgres(location) {
        let sql = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event = 'PgSleep'";
        return db.read(Query::new(sql, [])).await.unwrap()[0].get::<i64>(0).unwrap() == 1;
    }
    let stat = std::fs::read_to_string(format!("/proc/{}/stat", child.id())).unwrap_or_default();
    let ticks = stat.rsplit(')').next().and_then(|rest| rest.split_whitespace().nth(11)?.parse::<u64>().ok());
    // Hundredths of a second.
    ticks.is_some_and(|ticks| ticks >= 12)
}

/// The child: `STEP PLACE`.
async fn upgrade_for_ever(told: &str) {
    let (step, place) = told.split_once(' ').unwrap();
    let (location, behind) = if place.starts_with("postgres") {
        (Location::Postgres(place.to_owned()), "SELECT pg_sleep(60)")
    } else {
        let counting =
            "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1000000000000) SELECT count(*) FROM n";
        (Location::File(place.into()), counting)
    };
    let opened = Db::open(&location, &steps_with(step.parse().unwrap(), behind)).await;
    unreachable!("it was to be killed before: {opened:?}");
}
