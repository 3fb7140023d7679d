//! The cryptography of web push, which is that of `ring`. Without the feature `tls`, which brings it, every use
//! fails with an error that names the feature.

#[cfg(feature = "tls")]
mod encryption;
#[cfg(feature = "tls")]
mod key_file;
#[cfg(feature = "tls")]
mod vapid;
#[cfg(not(feature = "tls"))]
mod without;

#[cfg(not(feature = "tls"))]
pub use self::without::{VapidKey, VapidKeys, check_receiver, seal};
#[cfg(feature = "tls")]
pub use self::{
    encryption::{check_receiver, seal},
    vapid::{VapidKey, VapidKeys},
};
