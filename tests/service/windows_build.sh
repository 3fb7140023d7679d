#!/bin/bash
# Builds both Windows programs and prints their folder: tests/service/windows_build.sh
# QUICK=1 builds without LTO, and our own code hardly optimised. With MinGW and a standard library of the target here, else in the root of windows_root.sh;
# where neither can be had, the exit code is 69.
set -euo pipefail
cd "$(dirname "$0")/../.."
target=x86_64-pc-windows-gnu
options=(--release --locked --target-dir target/windows --target $target)
[ -z "${QUICK:-}" ] || options+=(--config profile.release.lto=false --config profile.release.codegen-units=16 --config profile.release.opt-level=1 \
    --config profile.release.package.cleudocodebot.opt-level=0)
# C code of a dependency has to be told the compiler: its name does not follow from the target's.
export CC_x86_64_pc_windows_gnu=x86_64-w64-mingw32-gcc AR_x86_64_pc_windows_gnu=x86_64-w64-mingw32-ar

if [ -n "${IN_WINDOWS_ROOT:-}" ]; then
    # Debian packs no standard library of Windows, only its sources.
    export RUSTC_BOOTSTRAP=1
    nice -n 15 cargo build --quiet -Z build-std=std,panic_abort "${options[@]}" >&2
elif command -v x86_64-w64-mingw32-gcc >/dev/null && [ -d "$(rustc --print target-libdir --target $target)" ]; then
    nice -n 15 cargo build --quiet "${options[@]}" >&2
else
    tests/service/windows_root.sh tests/service/windows_build.sh >&2
fi
echo "$PWD/target/windows/$target/release"
