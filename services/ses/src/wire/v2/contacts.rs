//! Lists of contacts, and contacts.

use tidegate_api_sesv2 as api;
use tidegate_types::Timestamp;

use super::tags;
use crate::desk::Desk;
use crate::domain::address;
use crate::domain::configuration_set::is_plain_name;
use crate::domain::contact::{Contact, ContactList, Topic};
use crate::error::{Error, Thing};
use crate::wire::paging::Paging;
use crate::wire::text;

/// The most topics of a list.
const MAX_TOPICS: usize = 20;

fn topics(given: &Option<Vec<api::Topic>>) -> Result<Vec<Topic>, Error> {
    let mut all: Vec<Topic> = Vec::new();
    for own in given.iter().flatten() {
        let name = text(&own.topic_name);
        check_name("TopicName", name)?;
        if all.iter().any(|topic| topic.name == name) {
            return Err(Error::invalid("Duplicate topic names are not allowed within a List."));
        }
        if text(&own.display_name).chars().count() > 128 {
            return Err(Error::invalid("Topic DisplayName can contain up to <128> characters."));
        }
        all.push(Topic {
            name: name.to_owned(),
            display_name: text(&own.display_name).to_owned(),
            description: own.description.clone(),
            opted_in: own.default_subscription_status.as_deref() == Some("OPT_IN"),
        });
    }
    if all.len() > MAX_TOPICS {
        return Err(Error::invalid(format!("Maximum of <{MAX_TOPICS}> topics allowed per ContactList")));
    }
    Ok(all)
}

fn check_name(what: &str, name: &str) -> Result<(), Error> {
    if name.is_empty() {
        return Err(Error::invalid(format!("{what} can't be blank.")));
    }
    if name.len() > 64 || !is_plain_name(name) {
        let text = format!(
            "{what} can contain up to 64 characters. Only alphanumeric characters, underscores(_) and hyphens(-) are \
             allowed."
        );
        return Err(Error::invalid(text));
    }
    Ok(())
}

fn word(opted_in: bool) -> Option<String> {
    Some(if opted_in { "OPT_IN" } else { "OPT_OUT" }.to_owned())
}

async fn list(desk: &mut Desk<'_>, name: &Option<String>) -> Result<ContactList, Error> {
    desk.shelf.find(text(name)).await?.ok_or_else(|| Error::NoSuch(Thing::ContactList, text(name).to_owned()))
}

fn check_description(description: Option<&str>) -> Result<(), Error> {
    match description.is_some_and(|text| text.chars().count() > 500) {
        true => Err(Error::invalid("List description can contain up to 500 characters.")),
        false => Ok(()),
    }
}

pub(crate) async fn create_contact_list(
    mut desk: Desk<'_>,
    input: &api::CreateContactListRequest,
) -> Result<api::CreateContactListResponse, Error> {
    let name = text(&input.contact_list_name);
    check_name("ContactListName", name)?;
    check_description(input.description.as_deref())?;
    let (topics, tags, now) = (topics(&input.topics)?, tags::new(&input.tags)?, desk.millis());
    if !desk.shelf.all::<ContactList>().await?.is_empty() {
        return Err(Error::invalid("A maximum of 1 Lists allowed per account."));
    }
    let list = ContactList {
        name: name.to_owned(),
        description: input.description.clone(),
        topics,
        created_at: now,
        updated_at: now,
        tags,
    };
    desk.shelf.put(&list);
    Ok(api::CreateContactListResponse {})
}

pub(crate) async fn update_contact_list(
    mut desk: Desk<'_>,
    input: &api::UpdateContactListRequest,
) -> Result<api::UpdateContactListResponse, Error> {
    let mut found = list(&mut desk, &input.contact_list_name).await?;
    check_description(input.description.as_deref())?;
    if input.topics.is_some() {
        found.topics = topics(&input.topics)?;
    }
    found.description = input.description.clone().or(found.description);
    found.updated_at = desk.millis();
    desk.shelf.put(&found);
    Ok(api::UpdateContactListResponse {})
}

pub(crate) async fn get_contact_list(
    mut desk: Desk<'_>,
    input: &api::GetContactListRequest,
) -> Result<api::GetContactListResponse, Error> {
    let found = list(&mut desk, &input.contact_list_name).await?;
    let topics = found.topics.into_iter().map(|topic| api::Topic {
        topic_name: Some(topic.name),
        display_name: Some(topic.display_name),
        description: topic.description,
        default_subscription_status: word(topic.opted_in),
    });
    Ok(api::GetContactListResponse {
        contact_list_name: Some(found.name),
        topics: Some(topics.collect()),
        description: found.description,
        created_timestamp: Some(Timestamp::from_millis(found.created_at)),
        last_updated_timestamp: Some(Timestamp::from_millis(found.updated_at)),
        tags: Some(tags::shown(&found.tags)),
    })
}

pub(crate) async fn list_contact_lists(
    desk: Desk<'_>,
    input: &api::ListContactListsRequest,
) -> Result<api::ListContactListsResponse, Error> {
    let paging = Paging::new(&input.next_token, input.page_size.map(i64::from), 1000)?;
    let (page, next_token) = paging.cut_whole(desk.shelf.all::<ContactList>().await?, |list| list.name.clone());
    let shown = page.into_iter().map(|list| api::ContactList {
        contact_list_name: Some(list.name),
        last_updated_timestamp: Some(Timestamp::from_millis(list.updated_at)),
    });
    Ok(api::ListContactListsResponse { contact_lists: Some(shown.collect()), next_token })
}

/// Removes a list with its contacts.
pub(crate) async fn delete_contact_list(
    mut desk: Desk<'_>,
    input: &api::DeleteContactListRequest,
) -> Result<api::DeleteContactListResponse, Error> {
    let found = list(&mut desk, &input.contact_list_name).await?;
    let contacts: Vec<Contact> = desk.shelf.list(&Contact::key(&found.name, ""), None, usize::MAX).await?;
    for contact in contacts {
        desk.shelf.remove::<Contact>(&Contact::key(&contact.list, &contact.address));
    }
    desk.shelf.remove::<ContactList>(&found.name);
    Ok(api::DeleteContactListResponse {})
}

fn preferences(list: &ContactList, given: &Option<Vec<api::TopicPreference>>) -> Result<Vec<(String, bool)>, Error> {
    let mut all = Vec::new();
    for own in given.iter().flatten() {
        let topic = text(&own.topic_name);
        if !list.topics.iter().any(|known| known.name == topic) {
            return Err(Error::invalid(format!("List: {} doesn't contain Topic: {topic}", list.name)));
        }
        all.push((topic.to_owned(), own.subscription_status.as_deref() == Some("OPT_IN")));
    }
    Ok(all)
}

async fn contact(desk: &mut Desk<'_>, list: &ContactList, address: &Option<String>) -> Result<Contact, Error> {
    let address = text(address);
    let found = desk.shelf.find(&Contact::key(&list.name, address)).await?;
    found.ok_or_else(|| Error::NoSuch(Thing::Contact, address.to_owned()))
}

pub(crate) async fn create_contact(
    mut desk: Desk<'_>,
    input: &api::CreateContactRequest,
) -> Result<api::CreateContactResponse, Error> {
    let list = list(&mut desk, &input.contact_list_name).await?;
    let address = text(&input.email_address);
    if address.trim().is_empty() {
        return Err(Error::invalid("EmailAddress can't be blank."));
    }
    if address::check(address).is_err() {
        return Err(Error::invalid(format!("EmailAddress <{address}> is invalid")));
    }
    if desk.shelf.find::<Contact>(&Contact::key(&list.name, address)).await?.is_some() {
        return Err(Error::Exists(Thing::Contact, address.to_owned()));
    }
    let now = desk.millis();
    let contact = Contact {
        preferences: preferences(&list, &input.topic_preferences)?,
        list: list.name,
        address: address.to_owned(),
        unsubscribed: input.unsubscribe_all.unwrap_or(false),
        attributes: input.attributes_data.clone(),
        created_at: now,
        updated_at: now,
    };
    desk.shelf.put(&contact);
    Ok(api::CreateContactResponse {})
}

pub(crate) async fn update_contact(
    mut desk: Desk<'_>,
    input: &api::UpdateContactRequest,
) -> Result<api::UpdateContactResponse, Error> {
    let list = list(&mut desk, &input.contact_list_name).await?;
    let mut found = contact(&mut desk, &list, &input.email_address).await?;
    for (topic, wants) in preferences(&list, &input.topic_preferences)? {
        found.preferences.retain(|(own, _)| *own != topic);
        found.preferences.push((topic, wants));
    }
    found.unsubscribed = input.unsubscribe_all.unwrap_or(found.unsubscribed);
    found.attributes = input.attributes_data.clone().or(found.attributes);
    found.updated_at = desk.millis();
    desk.shelf.put(&found);
    Ok(api::UpdateContactResponse {})
}

fn shown_preferences(contact: &Contact) -> Vec<api::TopicPreference> {
    let all = contact.preferences.iter();
    all.map(|(topic, wants)| api::TopicPreference {
        topic_name: Some(topic.clone()),
        subscription_status: word(*wants),
    })
    .collect()
}

fn shown_defaults(list: &ContactList) -> Vec<api::TopicPreference> {
    let all = list.topics.iter();
    all.map(|topic| api::TopicPreference {
        topic_name: Some(topic.name.clone()),
        subscription_status: word(topic.opted_in),
    })
    .collect()
}

pub(crate) async fn get_contact(
    mut desk: Desk<'_>,
    input: &api::GetContactRequest,
) -> Result<api::GetContactResponse, Error> {
    let list = list(&mut desk, &input.contact_list_name).await?;
    let found = contact(&mut desk, &list, &input.email_address).await?;
    Ok(api::GetContactResponse {
        topic_preferences: Some(shown_preferences(&found)),
        topic_default_preferences: Some(shown_defaults(&list)),
        contact_list_name: Some(found.list),
        email_address: Some(found.address),
        unsubscribe_all: Some(found.unsubscribed),
        attributes_data: found.attributes,
        created_timestamp: Some(Timestamp::from_millis(found.created_at)),
        last_updated_timestamp: Some(Timestamp::from_millis(found.updated_at)),
    })
}

pub(crate) async fn delete_contact(
    mut desk: Desk<'_>,
    input: &api::DeleteContactRequest,
) -> Result<api::DeleteContactResponse, Error> {
    let list = list(&mut desk, &input.contact_list_name).await?;
    let found = contact(&mut desk, &list, &input.email_address).await?;
    desk.shelf.remove::<Contact>(&Contact::key(&found.list, &found.address));
    Ok(api::DeleteContactResponse {})
}

pub(crate) async fn list_contacts(
    mut desk: Desk<'_>,
    input: &api::ListContactsRequest,
) -> Result<api::ListContactsResponse, Error> {
    let paging = Paging::new(&input.next_token, input.page_size.map(i64::from), 1000)?;
    let list = list(&mut desk, &input.contact_list_name).await?;
    let filter = input.filter.clone().unwrap_or_default();
    let wanted = |contact: &Contact| is_wanted(&list, contact, &filter);
    let (mut found, mut after) = (Vec::new(), paging.after.clone());
    while found.len() < paging.reach() {
        let some: Vec<Contact> =
            desk.shelf.list(&Contact::key(&list.name, ""), after.as_deref(), paging.reach()).await?;
        let Some(last) = some.last() else { break };
        after = Some(Contact::key(&last.list, &last.address));
        found.extend(some.into_iter().filter(wanted));
    }
    let (page, next_token) = paging.cut(found, |contact| Contact::key(&contact.list, &contact.address));
    let shown = page.into_iter().map(|contact| api::Contact {
        topic_preferences: Some(shown_preferences(&contact)),
        topic_default_preferences: Some(shown_defaults(&list)),
        email_address: Some(contact.address),
        unsubscribe_all: Some(contact.unsubscribed),
        last_updated_timestamp: Some(Timestamp::from_millis(contact.updated_at)),
    });
    Ok(api::ListContactsResponse { contacts: Some(shown.collect()), next_token })
}

/// Whether a contact is among those that a request filters for.
fn is_wanted(list: &ContactList, contact: &Contact, filter: &api::ListContactsFilter) -> bool {
    let Some(status) = filter.filtered_status.as_deref() else { return true };
    let wants = status == "OPT_IN";
    let Some(topic) = &filter.topic_filter else { return contact.unsubscribed != wants };
    let name = text(&topic.topic_name);
    let said = contact.preferences.iter().find(|(own, _)| own == name).map(|(_, own)| *own);
    match (said, topic.use_default_if_preference_unavailable.unwrap_or(false)) {
        (Some(said), _) => said == wants,
        (None, true) => list.topics.iter().any(|own| own.name == name && own.opted_in == wants),
        (None, false) => false,
    }
}
