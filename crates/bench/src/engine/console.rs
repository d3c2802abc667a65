//! The console over the large directory: every page that is read, and the search of users letter by letter, over HTTP.

use super::organization;
use super::rows::Figures;
use anyhow::{Context, ensure};
use provost_core::directory::User;
use provost_server::Server;
use provost_server::access::session_subject;
use provost_store::Store;
use provost_store::admins::{self, Role};
use provost_store::apps;
use provost_store::directory::org_units;
use provost_store::directory::users::{self, UserQuery};
use std::collections::BTreeMap;
use std::time::{Duration, Instant};

/// How often each page is asked for, unless it takes so long that fewer have to do.
const TIMES: usize = 100;
const PAGE_TIME_MAX: Duration = Duration::from_secs(10);

/// Whom the search looks for; each is typed letter by letter. Nobody has the last two.
const SEARCHED: [&str; 6] = ["given512 family512", "family77777", "user0004711", "example.com", "zebra", "family1x"];

/// A page's name and where it is; several places that are asked for in turn count as one page.
type Pages = Vec<(&'static str, Vec<String>)>;

/// A browser that is signed in.
struct Browser {
    client: reqwest::Client,
    origin: String,
    cookie: String,
}

impl Browser {
    async fn page(&self, place: &str) -> anyhow::Result<String> {
        let answer = self.client.get(format!("{}{place}", self.origin)).header("cookie", &self.cookie).send().await?;
        let status = answer.status();
        let text = answer.text().await?;
        ensure!(status == 200 && text.contains("</html>"), "{place} answered {status} without a page");
        Ok(text)
    }

    /// How long each of these places took, asked for one after the other, again and again, in microseconds.
    async fn taken(&self, places: &[String]) -> anyhow::Result<Vec<u32>> {
        let begun = Instant::now();
        let mut taken = Vec::new();
        for place in places.iter().cycle().take(TIMES.max(places.len())) {
            let asked = Instant::now();
            self.page(place).await?;
            taken.push(u32::try_from(asked.elapsed().as_micros()).unwrap_or(u32::MAX));
            if begun.elapsed() > PAGE_TIME_MAX {
                break;
            }
        }
        Ok(taken)
    }
}

/// Asks for each page, and for the plan while it is worked out and once it is there.
pub(super) async fn pages(store: &Store) -> anyhow::Result<Figures> {
    let server = Server::new(store.clone(), Vec::new());
    let admin = admins::create(store, &organization::BY, "root@example.com", "correct horse battery", Role::SuperAdmin).await?;
    let cookie = server.sessions.start(&session_subject(admin.id)).await?.value().to_str()?.to_owned();
    let cookie = cookie.split(';').next().context("a cookie has a value")?.to_owned();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.context("cannot listen on the loopback address")?;
    let address = listener.local_addr().context("the listener has no address")?;
    let serving = tokio::spawn(async move { axum::serve(listener, provost_server::router(server)).await });
    let browser = Browser { client: organization::browser()?, origin: format!("http://{address}"), cookie };
    let mut figures = Figures::default();
    let begun = Instant::now();
    for (name, places) in all(store).await? {
        let taken = browser.taken(&places).await.with_context(|| name.to_owned())?;
        figures.pages.insert(name.to_owned(), taken);
    }
    let plan = format!("/apps/{}/autoprovisioning/plan", apps::find(store, organization::APP).await?.id);
    figures.pages.insert("the plan, while it is worked out".to_owned(), browser.taken(std::slice::from_ref(&plan)).await?);
    while browser.page(&plan).await?.contains(&format!("data-live=\"{plan}")) {
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    figures.pages.insert("the plan".to_owned(), browser.taken(&[plan]).await?);
    figures.count = figures.pages.values().map(|taken| taken.len() as u64).sum();
    figures.seconds = begun.elapsed().as_secs_f64();
    serving.abort();
    Ok(figures)
}

async fn all(store: &Store) -> anyhow::Result<Pages> {
    let some = UserQuery { limit: 50, ..UserQuery::default() };
    let first = users::list(store, &some).await?;
    let middle = UserQuery { text: "user0005".to_owned(), ..some };
    let people: Vec<User> = first.items.into_iter().chain(users::list(store, &middle).await?.items).collect();
    let units = org_units::list_all(store).await?;
    let app = apps::find(store, organization::APP).await?.id;
    let each = |place: &dyn Fn(&User) -> String| people.iter().map(place).collect::<Vec<_>>();
    let in_units =
        |and: &str| units.iter().map(|unit| format!("/directory/users?org_unit={}&{and}", unit.id)).collect::<Vec<_>>();
    let card = |report: &str| vec![format!("/apps/{app}/autoprovisioning{report}")];
    let next = first.next.map(|after| format!("/directory/users?after={after}"));
    Ok(vec![
        ("home", vec!["/".to_owned()]),
        ("users", std::iter::once("/directory/users".to_owned()).chain(next).collect()),
        ("users, searched as one types", searches()),
        ("users of a state", vec!["/directory/users?state=suspended".to_owned(), "/directory/users?state=active".to_owned()]),
        ("users of an organizational unit", in_units("")),
        ("suspended users of an organizational unit", in_units("state=suspended")),
        ("users of an organizational unit, searched", in_units("q=user00")),
        ("suspended users, searched", vec!["/directory/users?state=suspended&q=user".to_owned()]),
        ("a user", each(&|user| format!("/directory/users/{}", user.id))),
        ("organizational units", vec!["/directory/org-units".to_owned()]),
        ("an organizational unit", units.iter().map(|unit| format!("/directory/org-units/{}", unit.id)).collect()),
        ("groups", vec!["/directory/groups".to_owned()]),
        ("domains", vec!["/directory/domains".to_owned()]),
        ("apps", vec!["/apps".to_owned()]),
        ("an app", vec![format!("/apps/{app}")]),
        ("service status", vec![format!("/apps/{app}/access")]),
        ("autoprovisioning", card("")),
        ("accounts", card("/accounts")),
        ("failures", card("/failures")),
        ("held removals", card("/held")),
        ("accounts that are not managed", card("/not-managed")),
        ("drift", card("/drift")),
        ("the app's log", card("/log")),
        ("explain", each(&|user| format!("/apps/{app}/autoprovisioning/explain?user={}", user.id))),
        ("admin log", vec!["/reporting/admin".to_owned()]),
    ])
}

/// Every beginning of what is searched for.
fn searches() -> Vec<String> {
    let typed = |text: &'static str| (1..=text.len()).map(move |letters| &text[..letters]);
    SEARCHED.iter().flat_map(|text| typed(text)).map(|text| format!("/directory/users?q={}", text.replace(' ', "+"))).collect()
}

/// The pages' names with the time within which half, and 99 of 100, came, in milliseconds; the slowest first.
pub(super) fn judged(pages: &BTreeMap<String, Vec<u32>>) -> Vec<(String, f64, f64)> {
    let mut judged: Vec<(String, f64, f64)> = pages
        .iter()
        .map(|(name, taken)| {
            let mut taken = taken.clone();
            taken.sort_unstable();
            let [p50, p99] = [50, 99].map(|percent| crate::load::percentile(&taken, percent));
            (name.clone(), p50, p99)
        })
        .collect();
    judged.sort_by(|one, other| other.2.total_cmp(&one.2));
    judged
}
