use std::collections::BTreeMap;

use serde_json::{Value, json};
use tidegate_ports::{FollowError, ReadLimit, StartingPosition};
use tidegate_store::Store;
use tidegate_types::Arn;

use super::{Ledger, TABLE, number};
use crate::clients::Clients;
use crate::machine::Machine;

/// The numbered invariants of DynamoDB.
pub async fn invariants(machine: &Machine, clients: &Clients) {
    // A store that is not there was told of with the queues'.
    let Ok(snapshot) = machine.store.snapshot() else { return };
    let found = match tidegate_dynamodb::invariants::check_store(&*snapshot).await {
        Ok(found) => found.into_iter().map(|found| format!("{found:?}")).collect(),
        Err(error) => vec![format!("DynamoDB's invariants could not be checked: {error}")],
    };
    found.into_iter().for_each(|violation| clients.model.borrow_mut().violate(violation));
}

/// Reads the whole table and holds it against what clients were told, and against the stream, which
/// replayed from its beginning must make the same table. Returns how many items there are.
pub async fn everything(machine: &Machine, clients: &Clients) -> u64 {
    invariants(machine, clients).await;
    let Some(table) = scanned(machine, clients).await else { return 0 };
    let mut violations = judged(&table, &clients.ledger.borrow());
    match replayed(machine).await {
        Ok(replayed) if replayed == table => {}
        Ok(replayed) => violations.push(format!("the stream makes {replayed:?}, the table is {table:?}")),
        Err(error) => violations.push(format!("the stream cannot be read: {error}")),
    }
    violations.into_iter().for_each(|violation| clients.model.borrow_mut().violate(violation));
    table.len() as u64
}

fn judged(table: &BTreeMap<String, Value>, ledger: &Ledger) -> Vec<String> {
    let wrong = |id: String| {
        let found = table.get(&id).and_then(|item| number(item, "version")).unwrap_or(0);
        ledger.judge(&id, ledger.least(&id), found)
    };
    ledger.ids().into_iter().filter_map(wrong).collect()
}

async fn scanned(machine: &Machine, clients: &Clients) -> Option<BTreeMap<String, Value>> {
    let (mut items, mut start) = (BTreeMap::new(), Value::Null);
    loop {
        let input = json!({ "TableName": TABLE, "Limit": 7, "ExclusiveStartKey": start });
        let (_, answer) = clients.call_service(&*machine.dynamodb, "Scan", &input).await;
        let output = clients.expect(answer, &[])?;
        for item in output["Items"].as_array()? {
            items.insert(item["id"]["S"].as_str()?.to_owned(), item.clone());
        }
        match output.get("LastEvaluatedKey") {
            Some(last) => start = last.clone(),
            None => return Some(items),
        }
    }
}

/// The table that the stream tells of, parents before children, each record exactly following on the last.
async fn replayed(machine: &Machine) -> Result<BTreeMap<String, Value>, FollowError> {
    let source = machine.dynamodb.stream_source();
    let stream: Arn = machine.stream.clone();
    let mut items: BTreeMap<String, Value> = BTreeMap::new();
    for shard in source.describe(&stream).await?.shards {
        let mut from = source.resolve(&stream, &shard.id, StartingPosition::TrimHorizon).await?;
        loop {
            let limit = ReadLimit { records: 100, bytes: 1 << 20 };
            let page = source.read(&stream, &shard.id, from, limit).await?;
            let Some(last) = page.records.last() else { break };
            from = last.next();
            for record in &page.records {
                let shown: Value = serde_json::from_slice(&record.json)
                    .map_err(|error| FollowError::Unreadable { at: record.position, what: error.to_string() })?;
                let change = &shown["dynamodb"];
                let id = change["Keys"]["id"]["S"].as_str().unwrap_or_default().to_owned();
                if items.get(&id) != change.get("OldImage") {
                    let what = format!("it begins with {:?}, not {:?}", change.get("OldImage"), items.get(&id));
                    return Err(FollowError::Unreadable { at: record.position, what });
                }
                match change.get("NewImage") {
                    Some(image) => items.insert(id, image.clone()),
                    None => items.remove(&id),
                };
            }
        }
    }
    Ok(items)
}
