//! What a form of this page makes of the present access.

use super::super::form::Fields;
use super::Target;
use provost_core::app::{Access, ServiceStatus};
use provost_core::directory::OrgUnit;

/// The access that the form proposes, or what is wrong with it.
pub(super) fn proposed(access: &Access, units: &[OrgUnit], target: &Target, fields: &Fields) -> Result<Access, String> {
    let mut access = access.clone();
    let status = match fields.text("status") {
        "on" => Some(ServiceStatus::On),
        "off" => Some(ServiceStatus::Off),
        _ => None,
    };
    let choose = || "Choose ON or OFF.".to_owned();
    match target {
        Target::Everyone => match fields.text("status") {
            "on" => access = Access { default: ServiceStatus::On, ..Access::default() },
            "off" => access = Access::default(),
            "some" => {}
            _ => return Err("Choose ON for everyone or OFF for everyone.".to_owned()),
        },
        Target::Unit(id) => {
            let unit = units.iter().find(|unit| unit.id == *id).ok_or("This org unit is gone: load the page again.")?;
            let inherit = fields.text("go") == "inherit";
            match (unit.parent.is_none(), inherit) {
                // The default stands for the root; an explicit setting of the root would hide it.
                (true, _) => {
                    access.org_units.remove(id);
                    access.default = status.ok_or_else(choose)?;
                }
                (false, true) => {
                    access.org_units.remove(id);
                }
                (false, false) => {
                    access.org_units.insert(*id, status.ok_or_else(choose)?);
                }
            }
        }
        Target::Groups => {
            if let Some(id) = fields.given("add") {
                access.groups.insert(id.parse().map_err(|_| "This is not a group: search and choose one.".to_owned())?);
            }
            if let Some(id) = fields.given("remove").and_then(|id| id.parse().ok()) {
                access.groups.remove(&id);
            }
        }
    }
    Ok(access)
}

/// What holds at an org unit, and the path of the unit that says so.
pub(super) fn effective<'a>(access: &Access, units: &'a [OrgUnit], unit: &'a OrgUnit) -> (ServiceStatus, &'a str) {
    let mut at = Some(unit);
    // A tree has no cycle; the bound makes a damaged one end too.
    for _ in 0..=units.len() {
        let Some(here) = at else { break };
        if let Some(status) = access.org_units.get(&here.id) {
            return (*status, &here.path);
        }
        at = here.parent.and_then(|parent| units.iter().find(|unit| unit.id == parent));
    }
    (access.default, "/")
}

#[cfg(test)]
mod tests {
    use super::*;
    use provost_core::ids::OrgUnitId;

    fn units() -> Vec<OrgUnit> {
        let unit = |id: i64, parent: Option<i64>, name: &str, path: &str| OrgUnit {
            id: OrgUnitId::new(id),
            parent: parent.map(OrgUnitId::new),
            name: name.to_owned(),
            path: path.to_owned(),
        };
        vec![unit(1, None, "", "/"), unit(2, Some(1), "Sales", "/Sales"), unit(3, Some(2), "EMEA", "/Sales/EMEA")]
    }

    fn sent(pairs: &[(&str, &str)]) -> Fields {
        Fields::of(pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect())
    }

    #[test]
    fn an_override_holds_below_and_inheriting_takes_it_away() {
        let units = units();
        let sales = Target::Unit(units[1].id);
        let on = proposed(&Access::default(), &units, &sales, &sent(&[("status", "on"), ("go", "override")])).expect("a choice");
        assert_eq!(effective(&on, &units, &units[2]), (ServiceStatus::On, "/Sales"));
        assert_eq!(effective(&on, &units, &units[0]), (ServiceStatus::Off, "/"));
        let back = proposed(&on, &units, &sales, &sent(&[("go", "inherit")])).expect("no choice is needed");
        assert_eq!(back, Access::default());
    }

    #[test]
    fn for_everyone_means_everyone_and_the_root_is_the_default() {
        let units = units();
        let mut access = Access::default();
        access.org_units.insert(units[1].id, ServiceStatus::Off);
        let on = proposed(&access, &units, &Target::Everyone, &sent(&[("status", "on")])).expect("a choice");
        assert!(on.org_units.is_empty() && on.default == ServiceStatus::On);
        let root = proposed(&access, &units, &Target::Unit(units[0].id), &sent(&[("status", "on")])).expect("a choice");
        assert!(root.default == ServiceStatus::On && root.org_units.len() == 1);
        assert!(proposed(&access, &units, &Target::Everyone, &sent(&[])).is_err());
    }
}
