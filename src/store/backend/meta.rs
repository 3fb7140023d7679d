//! The table `meta`: what belongs to the store as a whole, by name.
//!
//! Not here: what a version of the schema means (`schema`), and the row of the time (`time`).

use crate::store::{
    backend::{Get, Rows, Table},
    error::StoreError,
    rows::keys::{number_key, number_of},
};

/// The name of [`schema_version`].
pub(in crate::store) const SCHEMA: &[u8] = b"schema";
/// The name of [`head`].
pub(in crate::store) const HEAD: &[u8] = b"head";
/// The name of [`keys_forgotten`].
pub(in crate::store) const KEYS_FORGOTTEN: &[u8] = b"keys_forgotten";
/// The name of [`time`].
pub(in crate::store) const TIME: &[u8] = b"time";
/// The name of [`media_bytes`].
pub(in crate::store) const MEDIA_BYTES: &[u8] = b"media_bytes";

fn number(rows: &dyn Get, name: &[u8]) -> Result<Option<u64>, StoreError> {
    let row = rows.get(Table::Meta, name)?;
    row.map(|bytes| number_of(&bytes)).transpose()
}

/// The version of the schema; `None` in a new store.
pub(in crate::store) fn schema_version(rows: &dyn Get) -> Result<Option<u64>, StoreError> {
    number(rows, SCHEMA)
}

pub(in crate::store) fn put_schema_version(
    rows: &mut dyn Rows,
    version: u64,
) -> Result<(), StoreError> {
    rows.put(Table::Meta, SCHEMA, &number_key(version))
}

/// The last sequence number assigned. It must be kept apart, since retention may remove its row.
pub(in crate::store) fn head(rows: &dyn Get) -> Result<u64, StoreError> {
    Ok(number(rows, HEAD)?.unwrap_or(0))
}

pub(in crate::store) fn put_head(rows: &mut dyn Rows, head: u64) -> Result<(), StoreError> {
    rows.put(Table::Meta, HEAD, &number_key(head))
}

/// The message up to which expired keys were removed.
pub(in crate::store) fn keys_forgotten(rows: &dyn Get) -> Result<u64, StoreError> {
    Ok(number(rows, KEYS_FORGOTTEN)?.unwrap_or(0))
}

pub(in crate::store) fn put_keys_forgotten(
    rows: &mut dyn Rows,
    number: u64,
) -> Result<(), StoreError> {
    rows.put(Table::Meta, KEYS_FORGOTTEN, &number_key(number))
}

/// The store's time when it was last kept; `None` in a new store, and in one of an earlier version.
pub(in crate::store) fn time(rows: &dyn Get) -> Result<Option<Vec<u8>>, StoreError> {
    rows.get(Table::Meta, TIME)
}

pub(in crate::store) fn put_time(rows: &mut dyn Rows, row: &[u8]) -> Result<(), StoreError> {
    rows.put(Table::Meta, TIME, row)
}

/// The bytes of all kept files together.
pub(in crate::store) fn media_bytes(rows: &dyn Get) -> Result<u64, StoreError> {
    Ok(number(rows, MEDIA_BYTES)?.unwrap_or(0))
}

pub(in crate::store) fn put_media_bytes(rows: &mut dyn Rows, bytes: u64) -> Result<(), StoreError> {
    rows.put(Table::Meta, MEDIA_BYTES, &number_key(bytes))
}
