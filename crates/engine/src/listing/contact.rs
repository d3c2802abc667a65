//! First contact: how many accounts are to be made, and so whether the app is listed before the first of them.

use provost_core::app::Connection;
use provost_core::provisioning::{Approach, Contact, Operation, decide};
use provost_store::accounts;
use provost_store::{Store, StoreError};

/// Users are counted in groups of this many.
const COUNTED: usize = 1_000;

/// The numbers of a first contact, as far as they decide it: users are counted up to the number that is enough.
pub(super) async fn numbers(store: &Store, connection: &Connection, accounts: Option<u64>) -> Result<Contact, StoreError> {
    let profile = connection.profile;
    let contact = Contact {
        to_create: 0,
        unique: profile.matching_unique,
        filterable: profile.matching_filterable,
        page_size: u64::from(profile.page_size),
        accounts,
    };
    Ok(Contact { to_create: creates_wanted(store, connection, contact.listed_from()).await?, ..contact })
}

/// Why there is no listing.
pub(super) fn skipped(contact: &Contact) -> Option<String> {
    match contact.approach() {
        Approach::List => None,
        Approach::LookUp => {
            let listing = contact.requests_by_listing().unwrap_or(1);
            let look_ups = contact.requests_by_look_ups();
            Some(format!("{look_ups} look-ups take no more requests than a listing, which takes {listing} or more"))
        }
    }
}

/// How many users are to have an account and have none; counts no further than `enough`.
async fn creates_wanted(store: &Store, connection: &Connection, enough: u64) -> Result<u64, StoreError> {
    let rules = accounts::load_rules(store, connection.id).await?;
    let now = store.now();
    let (mut wanted, mut after) = (0, None);
    while wanted < enough {
        let page = accounts::page(store, &rules, after, COUNTED).await?;
        let Some(last) = page.last() else { break };
        after = Some(last.account.user_id);
        let creates = page.iter().filter(|subject| {
            let decision = decide(&rules.view(subject), &subject.account, &rules.connection, now);
            matches!(decision.operation, Some(Operation::Create { .. }))
        });
        wanted += creates.count() as u64;
    }
    Ok(wanted)
}
