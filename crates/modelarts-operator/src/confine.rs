//! The memory of the process holds keys: no core dump shows it, and no other process of the same user
//! may read it.

use std::io;

use nix::sys::resource::{Resource, setrlimit};

/// Forbids core dumps and debuggers, for good. Call it before anything secret is read.
///
/// # Errors
/// The kernel does not allow it, which none is known to do.
pub fn keep_memory_private() -> io::Result<()> {
    setrlimit(Resource::RLIMIT_CORE, 0, 0)?;
    // The limit does not hold for a kernel that hands dumps to a program; this does.
    #[cfg(target_os = "linux")]
    nix::sys::prctl::set_dumpable(false)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn neither_dumps_nor_debuggers_are_allowed_afterwards() {
        keep_memory_private().unwrap();
        assert_eq!(nix::sys::resource::getrlimit(Resource::RLIMIT_CORE), Ok((0, 0)));
        #[cfg(target_os = "linux")]
        assert_eq!(nix::sys::prctl::get_dumpable(), Ok(false));
    }
}
