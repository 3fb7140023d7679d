//! Writes client frames and reads server frames: the part of RFC 6455 §5 that a load needs and no more,
//! so that the load costs less than the server it measures.

/// Every frame is masked with this one key: unmasking costs the server the same with any key.
const MASK: [u8; 4] = [0x37, 0xFA, 0x21, 0x3D];

/// Appends one masked text message.
pub(crate) fn push_text(output: &mut Vec<u8>, text: &str) {
    output.push(0x81);
    push_masked(output, text.as_bytes());
}

/// Appends the pong to a ping.
pub(crate) fn push_pong(output: &mut Vec<u8>, payload: &[u8]) {
    output.push(0x8A);
    push_masked(output, payload);
}

fn push_masked(output: &mut Vec<u8>, payload: &[u8]) {
    if payload.len() < 126 {
        output.push(0x80 | payload.len() as u8);
    } else if let Ok(medium) = u16::try_from(payload.len()) {
        output.push(0x80 | 0x7E);
        output.extend(medium.to_be_bytes());
    } else {
        output.push(0x80 | 0x7F);
        output.extend((payload.len() as u64).to_be_bytes());
    }
    output.extend(MASK);
    let masked = payload.iter().zip(MASK.iter().cycle());
    output.extend(masked.map(|(byte, key)| byte ^ key));
}

/// One complete frame at the front of the bytes read.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Frame<'a> {
    /// Text, ping, close and so on.
    pub opcode: u8,
    /// Still masked if the sender masked it: an echo server sends our own frames back.
    pub payload: &'a [u8],
    /// Length of the whole frame in the stream.
    pub length: usize,
}

/// The frame that `bytes` begins with, if all of it has arrived.
pub(crate) fn first(bytes: &[u8]) -> Option<Frame<'_>> {
    let second = *bytes.get(1)?;
    let (extended, length) = match second & 0x7F {
        126 => (
            2,
            u64::from(u16::from_be_bytes(bytes.get(2..4)?.try_into().ok()?)),
        ),
        127 => (8, u64::from_be_bytes(bytes.get(2..10)?.try_into().ok()?)),
        short => (0, u64::from(short)),
    };
    let head = 2 + extended + if second & 0x80 == 0 { 0 } else { 4 };
    let length = head + usize::try_from(length).ok()?;
    let payload = bytes.get(head..length)?;
    Some(Frame {
        opcode: bytes[0] & 0x0F,
        payload,
        length,
    })
}
