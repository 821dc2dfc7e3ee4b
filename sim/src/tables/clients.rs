use std::sync::Arc;

use serde_json::{Value, json};
use tidegate_dynamodb::DynamoDb;

use super::{ACCOUNTS, DEPOSIT, INDEX, TABLE, account, key, number};
use crate::clients::Clients;
use crate::machine::{Failure, Machine};

const WRITERS: u64 = 3;
const TELLERS: u64 = 3;
const COUNTERS: u64 = 2;

/// A client of the table, of one machine.
struct Client {
    shared: Clients,
    dynamodb: Arc<DynamoDb>,
}

/// Starts the table's clients on a machine.
pub fn start(clients: &Clients, machine: &Machine) -> Vec<tokio::task::JoinHandle<()>> {
    let client = || Client { shared: clients.clone(), dynamodb: machine.dynamodb.clone() };
    let mut tasks = Vec::new();
    for name in 0..WRITERS {
        tasks.push(tokio::task::spawn_local(client().write(name)));
    }
    for _ in 0..TELLERS {
        tasks.push(tokio::task::spawn_local(client().transfer()));
    }
    for _ in 0..COUNTERS {
        tasks.push(tokio::task::spawn_local(client().count()));
    }
    tasks.push(tokio::task::spawn_local(client().look()));
    tasks.push(tokio::task::spawn_local(client().meddle()));
    tasks
}

impl Client {
    fn goes_on(&self) -> bool {
        !self.shared.stopping.get() && self.shared.model.borrow().violation.is_none()
    }

    async fn rest(&self) {
        for _ in 0..self.shared.chance.within(2..12) {
            tokio::task::yield_now().await;
        }
    }

    /// The output, if there is one; refusals other than these cannot be.
    async fn call(&self, operation: &str, input: Value, refusals: &[&str]) -> Option<Value> {
        let (_, answer) = self.shared.call_service(&*self.dynamodb, operation, &input).await;
        self.shared.expect(answer, refusals)
    }

    fn violate(&self, what: impl Into<String>) {
        self.shared.model.borrow_mut().violate(what.into());
    }

    /// Puts items of its own, each in a newer version than before.
    async fn write(self, name: u64) {
        let chance = self.shared.chance.clone();
        while self.goes_on() {
            let id = format!("item-{name}-{}", chance.within(0..4));
            let version = self.shared.ledger.borrow_mut().offer(&id, 1);
            let kind = format!("kind-{}", chance.within(0..3));
            let item = json!({ "id": {"S": id}, "version": {"N": version.to_string()}, "kind": {"S": kind} });
            if self.call("PutItem", json!({ "TableName": TABLE, "Item": item }), &[]).await.is_some() {
                self.shared.ledger.borrow_mut().reach(&id, version);
            }
            self.rest().await;
        }
    }

    /// Adds to counters that all share.
    async fn count(self) {
        while self.goes_on() {
            let id = format!("counter-{}", self.shared.chance.within(0..2));
            let least = self.shared.ledger.borrow().least(&id);
            self.shared.ledger.borrow_mut().offer(&id, 1);
            let update = json!({
                "TableName": TABLE, "Key": key(&id), "UpdateExpression": "ADD version :one",
                "ExpressionAttributeValues": {":one": {"N": "1"}}, "ReturnValues": "ALL_NEW",
            });
            if let Some(output) = self.call("UpdateItem", update, &[]).await {
                let found = number(&output["Attributes"], "version").unwrap_or(-1);
                let wrong = self.shared.ledger.borrow().judge(&id, least + 1, found);
                wrong.into_iter().for_each(|wrong| self.violate(wrong));
                self.shared.ledger.borrow_mut().acknowledge(&id, 1);
            }
            self.rest().await;
        }
    }

    /// Opens the accounts, and moves money between them in transactions.
    async fn transfer(self) {
        let chance = self.shared.chance.clone();
        self.open().await;
        while self.goes_on() {
            let (from, to) = (chance.within(0..ACCOUNTS), chance.within(0..ACCOUNTS));
            if from != to {
                self.transfer_between(&account(from), &account(to), chance.within(1..60)).await;
            }
            self.rest().await;
        }
    }

    async fn open(&self) {
        while self.goes_on() && !self.shared.ledger.borrow().opened {
            let put = |number: u64| {
                let item = json!({ "id": {"S": account(number)}, "held": {"N": DEPOSIT.to_string()} });
                let condition = "attribute_not_exists(id)";
                json!({ "Put": {"TableName": TABLE, "Item": item, "ConditionExpression": condition} })
            };
            let puts: Vec<_> = (0..ACCOUNTS).map(put).collect();
            let input = json!({ "TransactItems": puts });
            match self.shared.call_service(&*self.dynamodb, "TransactWriteItems", &input).await.1 {
                Ok(_) => self.shared.ledger.borrow_mut().opened = true,
                // Another opens them, or somebody has, before a crash: that is seen by reading.
                Err(Failure::Refused(code)) if code == "TransactionCanceledException" => {
                    let found = self.held().await;
                    if found.is_some_and(|(count, _)| count == ACCOUNTS) {
                        self.shared.ledger.borrow_mut().opened = true;
                    }
                }
                Err(Failure::InDoubt) => {}
                Err(failure) => self.violate(format!("the accounts could not be opened: {failure:?}")),
            }
            self.rest().await;
        }
    }

    async fn transfer_between(&self, from: &str, to: &str, amount: u64) {
        let values = json!({ ":amount": {"N": amount.to_string()} });
        let update = |id: &str, expression: &str| {
            json!({
                "TableName": TABLE, "Key": key(id), "UpdateExpression": expression,
                "ExpressionAttributeValues": values,
            })
        };
        let mut take = update(from, "SET held = held - :amount");
        take["ConditionExpression"] = "held >= :amount".into();
        let give = update(to, "SET held = held + :amount");
        let input = json!({ "TransactItems": [{"Update": take}, {"Update": give}] });
        self.call("TransactWriteItems", input, &["TransactionCanceledException"]).await;
    }

    /// How many accounts there are and what they hold together, at one moment.
    async fn held(&self) -> Option<(u64, i64)> {
        let get = |number: u64| json!({ "Get": {"TableName": TABLE, "Key": key(&account(number))} });
        let gets: Vec<_> = (0..ACCOUNTS).map(get).collect();
        let output = self.call("TransactGetItems", json!({ "TransactItems": gets }), &[]).await?;
        let found = output["Responses"].as_array()?.iter().filter_map(|response| number(&response["Item"], "held"));
        Some(found.fold((0, 0), |(count, sum), held| (count + 1, sum + held)))
    }

    /// Reads, and holds what it reads against what was told.
    async fn look(self) {
        let chance = self.shared.chance.clone();
        while self.goes_on() {
            if chance.permille(400) {
                let opened = self.shared.ledger.borrow().opened;
                let expected = (ACCOUNTS, ACCOUNTS as i64 * DEPOSIT);
                if let Some(found) = self.held().await.filter(|found| *found != expected && (opened || found.0 > 0)) {
                    self.violate(format!("the accounts (number, sum) are {found:?}, not {expected:?}"));
                }
            } else {
                self.look_at_one().await;
            }
            self.rest().await;
        }
    }

    async fn look_at_one(&self) {
        let ids = self.shared.ledger.borrow().ids();
        if ids.is_empty() {
            return;
        }
        let id = self.shared.chance.pick(&ids);
        let least = self.shared.ledger.borrow().least(id);
        let input = json!({ "TableName": TABLE, "Key": key(id), "ConsistentRead": self.shared.chance.permille(500) });
        if let Some(output) = self.call("GetItem", input, &[]).await {
            let found = number(&output["Item"], "version").unwrap_or(0);
            let wrong = self.shared.ledger.borrow().judge(id, least, found);
            wrong.into_iter().for_each(|wrong| self.violate(wrong));
        }
    }

    /// Adds the index and removes it again, so that backfills are caught by crashes.
    async fn meddle(self) {
        let chance = self.shared.chance.clone();
        while self.goes_on() {
            let (change, refusal) = match chance.within(0..12) {
                0 => {
                    let create = json!({
                        "IndexName": INDEX, "Projection": {"ProjectionType": "ALL"},
                        "KeySchema": [
                            {"AttributeName": "kind", "KeyType": "HASH"},
                            {"AttributeName": "version", "KeyType": "RANGE"}, {"AttributeName": "id", "KeyType": "RANGE"},
                        ],
                    });
                    (json!({ "Create": create }), "ValidationException")
                }
                1 => (json!({ "Delete": {"IndexName": INDEX} }), "ResourceNotFoundException"),
                _ => {
                    self.rest().await;
                    continue;
                }
            };
            let input = json!({
                "TableName": TABLE, "GlobalSecondaryIndexUpdates": [change],
                "AttributeDefinitions": [
                    {"AttributeName": "id", "AttributeType": "S"}, {"AttributeName": "kind", "AttributeType": "S"},
                    {"AttributeName": "version", "AttributeType": "N"},
                ],
            });
            // It is there already, or is not; an answer that was lost leaves that open.
            self.call("UpdateTable", input, &[refusal]).await;
            self.rest().await;
        }
    }
}
