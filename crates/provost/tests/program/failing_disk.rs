//! A disk that fails when it is told to, and an installation whose server works on it.

use crate::installation::Installation;
use crate::people::{entitled, files};
use crate::run::eventually;
use provost_testkit::unique_dir;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tempfile::TempDir;

const PEOPLE: usize = 150;

/// How many of them are changed, in turn.
const CHANGED: usize = 10;

/// The layer between the program and its files, `failing_disk.c`.
#[derive(Clone)]
pub(crate) struct Layer {
    directory: Arc<TempDir>,
}

impl Layer {
    pub(crate) fn build() -> Self {
        let layer = Self { directory: Arc::new(unique_dir()) };
        let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/program/failing_disk.c");
        let built =
            Command::new("cc").args(["-shared", "-fPIC", "-O1", "-o"]).args([&layer.file("failing_disk.so"), &source]).status();
        assert!(built.expect("a C compiler is there, as for the build").success());
        layer
    }

    fn file(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    /// The script under which the server runs on this disk.
    pub(crate) fn script(&self) -> String {
        let (library, order) = (self.file("failing_disk.so"), self.file("order"));
        format!(
            "export FAILING_DISK_ROOT=$(cd \"$1\" && pwd -P); shift; LD_PRELOAD={:?} FAILING_DISK={:?} exec \"$@\"",
            library.display(),
            order.display()
        )
    }

    /// The same, with what has reached the disk kept for [`Self::lose_power`].
    pub(crate) fn keeping_script(&self) -> String {
        let kept = self.file("kept");
        let kept = kept.display();
        format!("rm -rf {kept:?}; cp -a \"$1\" {kept:?}; export FAILING_DISK_KEPT={kept:?}; {}", self.script())
    }

    /// From now on the disk is so: `full`, `broken`, `readonly`, `unsynced` or `slow`.
    pub(crate) fn is(&self, what: &str) {
        // Put in place whole: half a word would be no order.
        std::fs::write(self.file("new"), what).expect("the directory can be written");
        std::fs::rename(self.file("new"), self.file("order")).expect("the directory can be written");
    }

    pub(crate) fn is_well(&self) {
        std::fs::remove_file(self.file("order")).expect("there was an order");
    }

    /// What a server that was killed had written to its data directory, and what had not reached the disk, is gone. A file of which
    /// nothing has reached it is there and empty, as some file systems leave it. How many files were not as they had been written.
    pub(crate) fn lose_power(&self, data: &Path) -> usize {
        let mut lost = 0;
        for entry in std::fs::read_dir(data).expect("it can be read").flatten() {
            let (path, kept) = (entry.path(), self.file("kept").join(entry.file_name()));
            let written = std::fs::read(&path).expect("it can be read");
            if entry.file_name() == "provost.db-shm" {
                // It lives in memory.
                std::fs::remove_file(&path).expect("it is there");
                continue;
            }
            let reached = if kept.exists() { std::fs::read(&kept).expect("it can be read") } else { Vec::new() };
            lost += usize::from(reached != written);
            std::fs::write(&path, reached).expect("it can be written");
        }
        lost
    }
}

/// An installation that has worked for a while, and what was acknowledged.
pub(crate) struct Chaos {
    pub installation: Installation,
    /// Who should have which account.
    pub expected: BTreeMap<String, Value>,
    /// A change that was asked for and not acknowledged: it may have been made or not.
    asked: Option<(String, Value)>,
}

impl Chaos {
    pub(crate) fn start(script: &str) -> Self {
        Self::over(Installation::start_under(false, script))
    }

    /// Brings people into a new installation, and their accounts into its app.
    pub(crate) fn over(installation: Installation) -> Self {
        let people = files(PEOPLE, "person");
        installation.import(&people);
        installation.configure_any();
        installation.cli(&["sync", "Netskope", "--wait"]).well();
        let expected = entitled(&[&people]);
        installation.assert_exact(&expected);
        Self { installation, expected, asked: None }
    }

    /// Changes somebody; the status and the body of the answer, if the server answers.
    pub(crate) fn change(&mut self, turn: usize) -> Option<(u16, Value)> {
        self.change_beside(turn, |_| ()).0
    }

    /// The same while something else is done; what that was.
    pub(crate) fn change_beside<T: Send>(
        &mut self,
        turn: usize,
        beside: impl FnOnce(&Installation) -> T + Send,
    ) -> (Option<(u16, Value)>, T) {
        let name = self.expected.keys().nth(turn % CHANGED).cloned().expect("more than ten");
        let title = format!("Turn {turn}");
        let installation = &self.installation;
        let (answer, done) = std::thread::scope(|scope| {
            let other = scope.spawn(|| beside(installation));
            let answer = installation.try_call("PATCH", &format!("/users/{name}"), &json!({ "set": { "title": title } }));
            (answer, other.join().expect("it does not panic"))
        });
        if answer.as_ref().is_some_and(|(status, _)| *status == 200) {
            self.expected.get_mut(&name).expect("it is a key")["title"] = json!(title);
            self.asked = self.asked.take().filter(|(asked, _)| *asked != name);
        } else {
            self.asked = Some((name, json!(title)));
        }
        (answer, done)
    }

    /// The same with a server that is well.
    pub(crate) fn change_well(&mut self, turn: usize) {
        let answer = self.change(turn).expect("the server answers");
        assert_eq!(answer.0, 200, "{}", answer.1);
    }

    /// Everything acknowledged is in the directory. A change that was not acknowledged may be there too; whatever became of it, it
    /// is made again, as whoever got no answer would.
    pub(crate) fn nothing_acknowledged_is_lost(&mut self) {
        for (name, account) in self.expected.iter().take(CHANGED) {
            let (status, user) = self.installation.call("GET", &format!("/users/{name}"), None);
            assert_eq!(status, 200, "{user}");
            let asked = self.asked.iter().filter(|(asked, _)| asked == name).map(|(_, title)| title);
            let mut possible = [&account["title"]].into_iter().chain(asked);
            assert!(possible.any(|title| user.to_string().contains(&title.to_string())), "{name}: {user}");
        }
        if let Some((name, title)) = self.asked.take() {
            let (status, answer) =
                self.installation.call("PATCH", &format!("/users/{name}"), Some(&json!({ "set": { "title": title } })));
            assert_eq!(status, 200, "{answer}");
            self.expected.get_mut(&name).expect("it is a key")["title"] = title;
        }
    }

    /// The same, and when the work is done it is in the app: each account once, each as it should be.
    pub(crate) fn nothing_is_lost(&mut self) {
        self.nothing_acknowledged_is_lost();
        eventually("everything is delivered", Duration::from_mins(1), || {
            (self.installation.cli(&["sync", "Netskope", "--wait"]).code == Some(0)).then_some(())
        });
        self.installation.assert_exact(&self.expected);
        let usage = &self.installation.status()["usage_30_days"];
        let (created, deleted) = (&usage["created"]["total"], &usage["deleted"]["total"]);
        assert_eq!((created, deleted), (&json!(self.expected.len()), &json!(0)), "each account was made once: {usage}");
    }

    /// Starts the server, which ends by itself with exit code 1; what it said.
    pub(crate) fn does_not_start(&mut self) -> String {
        let serve = &mut self.installation.serve;
        let ended = match serve.try_start() {
            Err(ended) => ended,
            Ok(()) => eventually("it ends", Duration::from_secs(30), || serve.ended()),
        };
        assert_eq!(ended.code(), Some(1), "it ends in order: {}", serve.said());
        serve.said()
    }

    /// Waits until the server serves or has ended; whether it serves.
    pub(crate) fn serves(&mut self) -> bool {
        let begun = Instant::now();
        loop {
            if self.installation.serve.has_ended() {
                return false;
            }
            if self.installation.try_call("GET", "/apps", &Value::Null).is_some() {
                return true;
            }
            assert!(begun.elapsed() < Duration::from_secs(30), "it neither serves nor ends");
            std::thread::sleep(Duration::from_millis(10));
        }
    }
}
