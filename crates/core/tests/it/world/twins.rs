//! Users to whom the mapping gives one name, as a store knows of them: whoever is looked at in the same go, and those whose
//! records stand for the name.

use super::World;
use provost_core::app::AttributeMapping;
use provost_core::ids::UserId;
use provost_core::provisioning::{Account, Twin, name_stood_for, wanted_name};

impl World {
    pub(super) fn twin(&self, id: i64) -> Option<Twin> {
        if !self.connection.config.may_repeat_names(self.connection.profile) {
            return None;
        }
        let wanted = |id: i64| wanted_name(&self.view(id), &self.connection);
        let name = wanted(id)?;
        let known = |record: &Account| {
            record.due_at.is_some_and(|due_at| due_at <= self.now) || self.stands_for(record).as_ref() == Some(&name)
        };
        let twin = |(other, record): (&i64, &Account)| *other != id && known(record) && wanted(*other).as_ref() == Some(&name);
        let other = self.records.iter().find(|(other, record)| twin((*other, *record))).map(|(other, _)| *other)?;
        Some(Twin { user: UserId::new(other), email: self.people[&other].user.primary_email.clone() })
    }

    fn stands_for(&self, record: &Account) -> Option<String> {
        name_stood_for(record, self.connection.profile)
    }

    /// Those who share a name with a record that has come to stand for it, or stands for it no longer, are looked at again.
    pub(super) fn wake_twins(&mut self, id: i64, before: &Account) {
        let (before, after) = (self.stands_for(before), self.stands_for(&self.records[&id]));
        if before == after || !self.connection.config.may_repeat_names(self.connection.profile) {
            return;
        }
        let (now, profile) = (self.now, self.connection.profile);
        for (_, record) in self.records.iter_mut().filter(|(other, _)| **other != id) {
            let name = name_stood_for(record, profile);
            if name.is_some() && (name == before || name == after) {
                record.marked += 1;
                record.due_at = Some(now);
            }
        }
    }

    /// The name that the directory calls for, written out apart from the mapping code.
    pub(super) fn name_of(&self, id: i64) -> String {
        let email = &self.people[&id].user.primary_email;
        let by_address = |row: &AttributeMapping| row.target == "userName" && row.source.to_string() == "user.primary_email";
        let whole = self.connection.config.mapping.iter().any(by_address);
        let local = email.split('@').next().filter(|_| !whole);
        local.unwrap_or(email).to_owned()
    }
}
