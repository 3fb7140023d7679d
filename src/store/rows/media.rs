//! Rows of `media`: what is known of a kept file.
//!
//! Not here: the file itself, and who looks at it (`crate::media`).

use serde_json::{Map, Value};

use crate::{
    message::{Kind, MediaId},
    store::{
        answer::MediaRow,
        error::StoreError,
        rows::codec::{RowReader, put_number, put_text},
    },
};

/// Version of the layout below, as the first byte of a row.
const LAYOUT: u8 = 1;

const NAME: u8 = 1;
const SIZE: u8 = 2;
const SECONDS: u8 = 4;
const SERVICES: u8 = 8;
const ELSEWHERE: u8 = 16;

pub(in crate::store) fn encode(row: &MediaRow) -> Vec<u8> {
    let flag = |set: bool, bit: u8| if set { bit } else { 0 };
    let flags = flag(row.name.is_some(), NAME)
        | flag(row.size.is_some(), SIZE)
        | flag(row.seconds.is_some(), SECONDS)
        | flag(!row.services.is_empty(), SERVICES)
        | flag(row.is_elsewhere, ELSEWHERE);
    let mut bytes = vec![LAYOUT, flags];
    for number in [row.bytes, row.created_ms, row.seen_ms, row.references] {
        put_number(&mut bytes, number);
    }
    put_text(&mut bytes, row.kind.as_str());
    put_text(&mut bytes, &row.mime);
    if let Some(name) = &row.name {
        put_text(&mut bytes, name);
    }
    if let Some((width, height)) = row.size {
        put_number(&mut bytes, width.into());
        put_number(&mut bytes, height.into());
    }
    if let Some(seconds) = row.seconds {
        put_number(&mut bytes, seconds.into());
    }
    if !row.services.is_empty() {
        let services = row.services.iter();
        let services = services.map(|(key, value)| (key.clone(), Value::from(value.as_str())));
        let services = Value::Object(services.collect());
        put_text(&mut bytes, &services.to_string());
    }
    bytes
}

pub(in crate::store) fn decode(key: &[u8], row: &[u8]) -> Result<MediaRow, StoreError> {
    let mut reader = RowReader::new("media", row);
    let id = key.try_into().map(MediaId);
    let id = id.map_err(|_| reader.wrong("has a key that is no SHA-256"))?;
    reader.layout(LAYOUT)?;
    let flags = reader.byte()?;
    let (bytes, created_ms) = (reader.number()?, reader.number()?);
    let (seen_ms, references) = (reader.number()?, reader.number()?);
    let kind: Result<Kind, ()> = reader.text()?.parse();
    let kind = kind.map_err(|()| reader.wrong("has an unknown kind"))?;
    let mime = reader.text()?.to_owned();
    let name = reader.optional_text(flags & NAME != 0)?;
    let size = match flags & SIZE {
        0 => None,
        _ => Some((small(&mut reader)?, small(&mut reader)?)),
    };
    let seconds = match flags & SECONDS {
        0 => None,
        _ => Some(small(&mut reader)?),
    };
    let services = if flags & SERVICES == 0 {
        Value::Object(Map::new())
    } else {
        let text = reader.text()?;
        reader.json_of(text)?
    };
    reader.end()?;
    let services = services.as_object().into_iter().flatten();
    let services = services.map(|(key, value)| {
        let value = value.as_str().unwrap_or_default();
        (key.clone(), value.to_owned())
    });
    Ok(MediaRow {
        id,
        bytes,
        mime,
        name,
        kind,
        size,
        seconds,
        created_ms,
        seen_ms,
        references,
        is_elsewhere: flags & ELSEWHERE != 0,
        services: services.collect(),
    })
}

fn small(reader: &mut RowReader<'_>) -> Result<u32, StoreError> {
    u32::try_from(reader.number()?).map_err(|_| reader.wrong("has a number too large"))
}

#[cfg(test)]
mod tests {
    use proptest::{collection, option, prelude::*};

    use super::*;

    fn rows() -> impl Strategy<Value = MediaRow> {
        let texts = (any::<String>(), option::of(any::<String>()), any::<bool>());
        let numbers = any::<(u64, u64, u64, u64)>();
        let measures = (option::of(any::<(u32, u32)>()), option::of(any::<u32>()));
        let services = collection::btree_map(any::<String>(), any::<String>(), 0..3);
        let all = (any::<[u8; 32]>(), texts, numbers, measures, services);
        all.prop_map(
            |(id, (mime, name, is_elsewhere), numbers, (size, seconds), services)| MediaRow {
                id: MediaId(id),
                bytes: numbers.0,
                mime,
                name,
                kind: Kind::Voice,
                size,
                seconds,
                created_ms: numbers.1,
                seen_ms: numbers.2,
                references: numbers.3,
                is_elsewhere,
                services,
            },
        )
    }

    proptest! {
        #[test]
        fn a_row_of_media_reads_back(row in rows()) {
            prop_assert_eq!(decode(&row.id.0, &encode(&row))?, row);
        }

        #[test]
        fn damaged_rows_are_refused_without_a_panic(key: Vec<u8>, bytes: Vec<u8>) {
            let _ = (decode(&key, &bytes), decode(&[0; 32], &bytes));
        }
    }
}
