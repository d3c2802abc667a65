//! How long an import takes: `cargo run --release --example import_speed -p provost-connectors [-- ROWS]`.
//!
//! Writes a user download of that many rows (default 100,000) with titles, phones and addresses, imports it into a fresh
//! database file, and imports it again, when nothing changes.

use provost_connectors::google_csv::{Options, import};
use provost_platform::{Clock, Sealer};
use provost_store::{Actor, Store};
use std::fmt::Write;
use std::time::Instant;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let count: usize = std::env::args().nth(1).map_or(Ok(100_000), |text| text.parse())?;
    let text = download(count)?;
    let folder = tempfile::TempDir::new()?;
    let location = provost_db::Location::File(folder.path().join("provost.db"));
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(async {
        let store = Store::open(&location, Clock::system(), Sealer::from_key([1; 32])).await?;
        for what in ["first", "unchanged"] {
            let start = Instant::now();
            let by = Actor::CommandLine;
            let report = import(&store, &by, text.as_bytes(), None::<&[u8]>, Options::default(), &mut |_| {}).await?;
            let seconds = start.elapsed().as_secs_f64();
            println!("{what}: {count} rows of {} bytes in {seconds:.2} s", text.len());
            print!("{report}");
        }
        Ok(())
    })
}

fn download(count: usize) -> Result<String, std::fmt::Error> {
    let mut text = String::from(
        "First Name [Required],Last Name [Required],Email Address [Required],Password [Required],Org Unit Path [Required],\
         Status [READ ONLY],Employee ID,Employee Title,Department,Cost Center,Manager Email,Work Phone,Work Address\n",
    );
    for number in 0..count {
        let status = if number % 50 == 0 { "Suspended" } else { "Active" };
        writeln!(
            text,
            "First{number},Last{number},user{number}@acme.example,****,/Region {}/Team {},{status},E{number},Engineer {},\
             Department {},CC{},boss{}@acme.example,+49 30 {number},\"{number} Long Street, 10115 Berlin\"",
            number % 5,
            number % 40,
            number % 9,
            number % 30,
            number % 12,
            number % 100
        )?;
    }
    Ok(text)
}
