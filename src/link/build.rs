//! What the program is linked with, besides its crates: an order of functions, and settings of the allocator.
//!
//! # Order
//!
//! The linker puts the functions beside each other that a daemon runs until it idles, and behind them those that
//! it runs under load.
//!
//! The kernel maps a program in pieces of 64 KiB (`fault_around_bytes`, mm/memory.c): one small function that runs
//! makes its whole piece resident. Scattered by the compiler, those of the start touch more than half of the program.
//!
//! `startup.ld` names them. A name with instances that never run has its hash there, and stands once more behind all
//! others without: where the compiler is another, so are the hashes. A name that does not exist does no harm. It is a
//! linker script that adds to the linker's own (`INSERT`: GNU ld, "Command Language"; LLVM's lld, "Linker Script
//! implementation notes"). `.ci/startup-order` writes it anew.
//!
//! # Allocator
//!
//! jemalloc reads a C string before `main` begins, and some of its settings nowhere later ("TUNING", jemalloc(3)).
//! To define a symbol takes `unsafe` in Rust; `allocator.c` does it. Where the linker is given an archive it takes
//! jemalloc's own weak symbol and looks no further, so it is given the object.

use std::env;

/// The file that the linker is to write its map to.
const MAP: &str = "CLEUDOCODEBOT_LINK_MAP";

fn main() {
    println!("cargo:rerun-if-changed=src/link");
    order_functions();
    #[cfg(feature = "allocator")]
    set_up_allocator();
}

fn order_functions() {
    println!("cargo:rerun-if-env-changed={MAP}");
    let is = |name: &str, value: &str| env::var(name).is_ok_and(|found| found == value);
    // Who names a linker or flags of their own may have one that reads no scripts.
    let is_ordinary = env::var_os("RUSTC_LINKER").is_none() && is("CARGO_ENCODED_RUSTFLAGS", "");
    if is("PROFILE", "release") && is("TARGET", "x86_64-unknown-linux-gnu") && is_ordinary {
        let folder = env::var("CARGO_MANIFEST_DIR").unwrap_or_default();
        println!("cargo:rustc-link-arg-bins=-Wl,--script={folder}/src/link/startup.ld");
        // `.ci/startup-order` reads where everything is: with symbols in the program its hashes would be others.
        if let Ok(map) = env::var(MAP) {
            println!("cargo:rustc-link-arg-bins=-Wl,-Map={map}");
        }
    }
}

#[cfg(feature = "allocator")]
fn set_up_allocator() {
    // Where jemalloc is the allocator: `main.rs`.
    if env::var("CARGO_CFG_TARGET_OS").is_ok_and(|system| system == "linux") {
        for object in cc::Build::new()
            .file("src/link/allocator.c")
            .compile_intermediates()
        {
            println!("cargo:rustc-link-arg-bins={}", object.display());
        }
    }
}
