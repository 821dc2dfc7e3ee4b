//! DDB-5: backups, and copies under way, know of each other, and a backup has what it says.

use std::collections::HashMap;

use tidegate_store::{KeyRange, Snapshot, Space, StoreError};

use super::{Pages, Violation, readable, violation};
use crate::domain::{BackupAddress, BackupKind, BackupState, Table, TableAddress, item_size};
use crate::store::keys::Place;
use crate::store::{BackupRecord, CopyRecord, Goal, ItemRecord, corrupt, decode, keys};

/// The copies under way, by where they go. There are few: a table has a bounded number of them.
pub(super) struct Copies(HashMap<u64, CopyRecord>);

impl Copies {
    /// Reads them, and demands that each has its goal and, if it undoes a journal, its table.
    pub(super) async fn read(view: &dyn Snapshot, found: &mut Vec<Violation>) -> Result<Copies, StoreError> {
        let (mut copies, mut pages) = (HashMap::new(), Pages::new(KeyRange::prefix(&keys::copies())));
        while let Some(entry) = pages.next(view).await? {
            let target = keys::read_copy(&entry.key).map_err(|error| corrupt(Space::Map, &entry.key, &error))?;
            let Some(copy) = readable::<CopyRecord>(&entry, found) else { continue };
            let has_goal = match &copy.goal {
                Goal::Backup(address) => backup(view, address)
                    .await?
                    .is_some_and(|backup| backup.state == BackupState::Creating && backup.place == target),
                Goal::Table(address, _) => {
                    table(view, address).await?.is_some_and(|table| table.is_restoring() && table.id == target)
                }
            };
            if !has_goal {
                found.push(violation("DDB-5", format!("the copy to {target} makes nothing: {:?}", copy.goal)));
            }
            if let Some(undo) = &copy.undo
                && !table(view, &undo.table).await?.is_some_and(|table| table.journals().any(|log| log == undo.journal))
            {
                found.push(violation("DDB-5", format!("nobody writes the journal of the copy to {target}")));
            }
            if let Goal::Table(_, Some(source)) = &copy.goal
                && backup(view, source).await?.is_none()
            {
                found.push(violation("DDB-5", format!("the copy to {target} reads a backup that is gone")));
            }
            copies.insert(target, copy);
        }
        Ok(Copies(copies))
    }

    fn count(&self, of: impl Fn(&CopyRecord) -> bool) -> usize {
        self.0.values().filter(|copy| of(copy)).count()
    }

    /// Demands that a table knows exactly of the copies that read it, and that one being restored is.
    pub(super) fn check_table(&self, table: &Table, found: &mut Vec<Violation>) {
        if table.is_restoring() != self.0.contains_key(&table.id) {
            found.push(violation("DDB-5", format!("table {} waits for a copy, or has one, in vain", table.id)));
        }
        let reading = |journal: u64, restoring: bool| {
            self.count(|copy| {
                copy.undo.as_ref().is_some_and(|undo| undo.journal == journal)
                    && matches!(copy.goal, Goal::Table(..)) == restoring
            })
        };
        for journal in table.copies.iter().filter(|journal| reading(**journal, false) != 1) {
            found.push(violation("DDB-5", format!("table {} feeds journal {journal} for no backup", table.id)));
        }
        if let Some(recovery) = table.recovery
            && reading(recovery.journal, true) != recovery.restores as usize
        {
            found.push(violation("DDB-5", format!("table {} has not {} restores", table.id, recovery.restores)));
        }
    }

    /// Demands of each backup that it is being made or has its items, each under its own key, and that
    /// it knows how many restores read it.
    pub(super) async fn check_backups(
        &self,
        view: &dyn Snapshot,
        found: &mut Vec<Violation>,
    ) -> Result<(), StoreError> {
        let mut pages = Pages::new(KeyRange::prefix(&keys::all_backups()));
        while let Some(entry) = pages.next(view).await? {
            let address = keys::read_backup(&entry.key).map_err(|error| corrupt(Space::Map, &entry.key, &error))?;
            let Some(backup) = readable::<BackupRecord>(&entry, found) else { continue };
            let restores = self.count(|copy| matches!(&copy.goal, Goal::Table(_, Some(source)) if *source == address));
            if restores != backup.restores as usize {
                found.push(violation(
                    "DDB-5",
                    format!("{restores} restores read {}, not {}", address.arn(), backup.restores),
                ));
            }
            if (backup.state == BackupState::Creating) != self.0.contains_key(&backup.place) {
                found.push(violation("DDB-5", format!("{} is being made by nobody, or for nothing", address.arn())));
            }
            if backup.state == BackupState::Available {
                check_items(view, &address, &backup, found).await?;
            }
        }
        Ok(())
    }
}

async fn check_items(
    view: &dyn Snapshot,
    address: &BackupAddress,
    backup: &BackupRecord,
    found: &mut Vec<Violation>,
) -> Result<(), StoreError> {
    let (mut items, mut bytes) = (0, 0);
    let mut pages = Pages::new(KeyRange::prefix(&Place::Items(backup.place).all()));
    while let Some(entry) = pages.next(view).await? {
        let Some(ItemRecord(item)) = readable(&entry, found) else { continue };
        items += 1;
        bytes += item_size(&item) as u64;
        let place = backup.table.keys.of_item(&item).ok().map(|key| keys::item(backup.place, &key));
        if place.as_ref() != Some(&entry.key) {
            found.push(violation("DDB-5", format!("an item of {} lies in the wrong place: {item:?}", address.arn())));
        }
    }
    // The sizes of a deleted table's backup are those that the table showed at last.
    if backup.kind == BackupKind::User && (items, bytes) != (backup.items, backup.bytes) {
        let claimed = (backup.items, backup.bytes);
        found.push(violation("DDB-5", format!("{} has {:?}, not {claimed:?}", address.arn(), (items, bytes))));
    }
    Ok(())
}

async fn table(view: &dyn Snapshot, address: &TableAddress) -> Result<Option<Table>, StoreError> {
    let key = keys::table(address);
    view.get(Space::Map, &key).await?.map(|record| decode(&key, &record)).transpose()
}

async fn backup(view: &dyn Snapshot, address: &BackupAddress) -> Result<Option<BackupRecord>, StoreError> {
    let key = keys::backup(address);
    view.get(Space::Map, &key).await?.map(|record| decode(&key, &record)).transpose()
}
