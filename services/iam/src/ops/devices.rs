//! Virtual MFA devices.

use bytes::Bytes;
use tidegate_api_iam as api;

use super::{draw, given_tags, header, new_tags, tags, text, user_name};
use crate::domain::{MfaDevice, Thing, User, add_tags, name_key, qr_png, remove_tags};
use crate::error::{Error, Holding};
use crate::service::Desk;
use crate::wire::{Listing, shown};

/// The bytes of a seed. AWS's have 64 letters of base 32.
const SEED_BYTES: usize = 40;

fn serial(desk: &Desk<'_>, device: &MfaDevice) -> String {
    device.header.arn(desk.account, "mfa")
}

/// The name in a device's serial number, which is its ARN.
fn name(serial: &str) -> &str {
    serial.rsplit('/').next().unwrap_or(serial)
}

/// The device with this serial number.
fn get<'a>(desk: &'a Desk<'_>, number: &Option<String>, thing: Thing) -> Result<&'a MfaDevice, Error> {
    let found = desk.state.devices.find(name(text(number))).map(|device| &**device);
    let found = found.filter(|device| serial(desk, device) == text(number));
    found.ok_or_else(|| Error::NoSuch(thing, text(number).to_owned()))
}

fn edit<'a>(desk: &'a mut Desk<'_>, number: &Option<String>, thing: Thing) -> Result<&'a mut MfaDevice, Error> {
    get(desk, number, thing)?;
    desk.edit().devices.edit(name(text(number)))
}

/// The devices of a user.
pub(super) fn of<'a>(desk: &'a Desk<'_>, user: &str) -> impl Iterator<Item = &'a MfaDevice> {
    let key = name_key(user);
    let devices = desk.state.devices.all().map(|(_, device)| &**device);
    devices.filter(move |device| device.owner.as_ref().is_some_and(|(owner, _)| *owner == key))
}

/// Gives the devices of a user who was renamed to the new name.
pub(super) fn pass_on(desk: &mut Desk<'_>, old: &str, new: &str) -> Result<(), Error> {
    if old == new {
        return Ok(());
    }
    let names: Vec<String> = of(desk, old).map(|device| device.header.name.clone()).collect();
    for device in names {
        if let Some((owner, _)) = &mut desk.edit().devices.edit(&device)?.owner {
            new.clone_into(owner);
        }
    }
    Ok(())
}

fn owner<'a>(desk: &'a Desk<'_>, device: &MfaDevice) -> Option<&'a User> {
    desk.state.users.find(&device.owner.as_ref()?.0).map(|user| &**user)
}

/// What an app scans: "otpauth://totp/$virtualMFADeviceName@$AccountName?secret=$Base32String", where the account is
/// called by its alias if it has one.
fn picture(desk: &Desk<'_>, device: &MfaDevice) -> Option<Vec<u8>> {
    let account = desk.state.account().alias.unwrap_or_else(|| desk.account.to_string());
    let seed = draw::base32(&device.seed);
    qr_png(&format!("otpauth://totp/{}@{account}?secret={seed}", device.header.name))
}

pub(crate) fn create_virtual_mfa_device(
    desk: &mut Desk<'_>,
    input: &api::CreateVirtualMFADeviceRequest,
) -> Result<api::CreateVirtualMFADeviceResponse, Error> {
    let mut seed = vec![0; SEED_BYTES];
    desk.env.fill_random(&mut seed);
    let device = MfaDevice {
        header: header(desk, &input.virtual_mfa_device_name, &input.path, "")?,
        seed,
        owner: None,
        tags: new_tags(&input.tags)?,
    };
    let answer = api::VirtualMFADevice {
        serial_number: Some(serial(desk, &device)),
        base32_string_seed: Some(Bytes::from(draw::base32(&device.seed))),
        qr_code_png: picture(desk, &device).map(Bytes::from),
        tags: shown::some_tags(&device.tags),
        ..api::VirtualMFADevice::default()
    };
    desk.edit().devices.add(device)?;
    Ok(api::CreateVirtualMFADeviceResponse { virtual_mfa_device: Some(answer) })
}

pub(crate) fn delete_virtual_mfa_device(
    desk: &mut Desk<'_>,
    input: &api::DeleteVirtualMFADeviceRequest,
) -> Result<(), Error> {
    if get(desk, &input.serial_number, Thing::MfaDevice)?.owner.is_some() {
        return Err(Error::StillHas(Holding::AssignedDevice));
    }
    desk.edit().devices.remove(name(text(&input.serial_number))).map(drop)
}

/// Whether two codes prove that the caller has the device. Devices live in real time.
fn proven(
    desk: &Desk<'_>,
    number: &Option<String>,
    first: &Option<String>,
    second: &Option<String>,
) -> Result<(), Error> {
    let device = get(desk, number, Thing::MfaDevice)?;
    match device.made(text(first), text(second), desk.env.real_now()) {
        true => Ok(()),
        false => Err(Error::AuthenticationCode(text(number).to_owned())),
    }
}

pub(crate) fn enable_mfa_device(desk: &mut Desk<'_>, input: &api::EnableMFADeviceRequest) -> Result<(), Error> {
    let (user, now) = (name_key(&desk.state.users.get(text(&input.user_name))?.header.name), desk.now);
    super::quota("MFADevicesPerUser", of(desk, &user).count() + 1, 8)?;
    if get(desk, &input.serial_number, Thing::MfaDevice)?.owner.is_some() {
        return Err(Error::Exists(Thing::UsersMfaDevice, text(&input.serial_number).to_owned()));
    }
    proven(desk, &input.serial_number, &input.authentication_code1, &input.authentication_code2)?;
    edit(desk, &input.serial_number, Thing::MfaDevice)?.owner = Some((user, now));
    Ok(())
}

pub(crate) fn resync_mfa_device(desk: &Desk<'_>, input: &api::ResyncMFADeviceRequest) -> Result<(), Error> {
    owned(desk, text(&input.user_name), &input.serial_number)?;
    proven(desk, &input.serial_number, &input.authentication_code1, &input.authentication_code2)
}

/// The device, if the user has it.
fn owned<'a>(desk: &'a Desk<'_>, user: &str, number: &Option<String>) -> Result<&'a MfaDevice, Error> {
    let key = name_key(&desk.state.users.get(user)?.header.name);
    let device = get(desk, number, Thing::UsersMfaDevice)?;
    let is_owner = device.owner.as_ref().is_some_and(|(owner, _)| *owner == key);
    is_owner.then_some(device).ok_or_else(|| Error::NoSuch(Thing::UsersMfaDevice, text(number).to_owned()))
}

pub(crate) fn deactivate_mfa_device(desk: &mut Desk<'_>, input: &api::DeactivateMFADeviceRequest) -> Result<(), Error> {
    owned(desk, user_name(desk, &input.user_name)?, &input.serial_number)?;
    edit(desk, &input.serial_number, Thing::UsersMfaDevice)?.owner = None;
    Ok(())
}

pub(crate) fn get_mfa_device(
    desk: &Desk<'_>,
    input: &api::GetMFADeviceRequest,
) -> Result<api::GetMFADeviceResponse, Error> {
    let device = match &input.user_name {
        Some(user) => owned(desk, user, &input.serial_number)?,
        None => get(desk, &input.serial_number, Thing::MfaDevice)?,
    };
    Ok(api::GetMFADeviceResponse {
        user_name: owner(desk, device).map(|user| user.header.name.clone()),
        serial_number: Some(serial(desk, device)),
        enable_date: device.owner.as_ref().map(|(_, at)| *at),
        certifications: None,
    })
}

pub(crate) fn list_mfa_devices(
    desk: &Desk<'_>,
    input: &api::ListMFADevicesRequest,
) -> Result<api::ListMFADevicesResponse, Error> {
    let listing = Listing::new(input.max_items, &input.marker)?;
    // The root has none.
    let user = match user_name(desk, &input.user_name) {
        Ok(name) => Some(desk.state.users.get(name)?),
        Err(_) => None,
    };
    let devices = user.into_iter().flat_map(|user| of(desk, &user.header.name).map(move |device| (user, device)));
    let page = listing.page(
        devices,
        |(_, device)| name_key(&device.header.name),
        |(user, device)| api::MFADevice {
            user_name: Some(user.header.name.clone()),
            serial_number: Some(serial(desk, device)),
            enable_date: device.owner.as_ref().map(|(_, at)| *at),
        },
    );
    Ok(api::ListMFADevicesResponse {
        mfa_devices: Some(page.items),
        is_truncated: Some(page.marker.is_some()),
        marker: page.marker,
    })
}

pub(crate) fn list_virtual_mfa_devices(
    desk: &Desk<'_>,
    input: &api::ListVirtualMFADevicesRequest,
) -> Result<api::ListVirtualMFADevicesResponse, Error> {
    let wanted = |device: &MfaDevice| match input.assignment_status.as_deref() {
        Some("Assigned") => device.owner.is_some(),
        Some("Unassigned") => device.owner.is_none(),
        _ => true,
    };
    let devices = desk.state.devices.all().filter(|(_, device)| wanted(device));
    let page = Listing::new(input.max_items, &input.marker)?.page(
        devices,
        |(name, _)| (*name).clone(),
        |(_, device)| api::VirtualMFADevice {
            serial_number: Some(serial(desk, device)),
            user: owner(desk, device).map(|user| shown::user(desk.account, user)),
            enable_date: device.owner.as_ref().map(|(_, at)| *at),
            ..api::VirtualMFADevice::default()
        },
    );
    Ok(api::ListVirtualMFADevicesResponse {
        virtual_mfa_devices: Some(page.items),
        is_truncated: Some(page.marker.is_some()),
        marker: page.marker,
    })
}

pub(crate) fn tag_mfa_device(desk: &mut Desk<'_>, input: &api::TagMFADeviceRequest) -> Result<(), Error> {
    let device = edit(desk, &input.serial_number, Thing::MfaDevice)?;
    Ok(add_tags(&mut device.tags, given_tags(&input.tags))?)
}

pub(crate) fn untag_mfa_device(desk: &mut Desk<'_>, input: &api::UntagMFADeviceRequest) -> Result<(), Error> {
    let device = edit(desk, &input.serial_number, Thing::MfaDevice)?;
    remove_tags(&mut device.tags, input.tag_keys.as_deref().unwrap_or_default());
    Ok(())
}

pub(crate) fn list_mfa_device_tags(
    desk: &Desk<'_>,
    input: &api::ListMFADeviceTagsRequest,
) -> Result<api::ListMFADeviceTagsResponse, Error> {
    let device = get(desk, &input.serial_number, Thing::MfaDevice)?;
    let (tags, marker) = tags::page(&device.tags, input.max_items, &input.marker)?;
    Ok(api::ListMFADeviceTagsResponse { tags: Some(tags), is_truncated: Some(marker.is_some()), marker })
}
