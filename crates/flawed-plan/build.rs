//! Makes one file of the sources of `modelarts-plan`, with every fault of `flaws.rs` planted behind its
//! switch. A fault whose place is not found exactly once ends the build: the plan has changed, and the
//! fault must be planted anew.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};

include!("flaws.rs");

fn main() -> anyhow::Result<()> {
    let here = PathBuf::from(std::env::var("CARGO_MANIFEST_DIR")?);
    let plan = here.join("../modelarts-plan/src");
    println!("cargo::rerun-if-changed={}", plan.display());
    println!("cargo::rerun-if-changed=flaws.rs");
    let text = inlined(&plan, &plan.join("lib.rs"), &plan)?;
    let out = PathBuf::from(std::env::var("OUT_DIR")?).join("plan.rs");
    // What a whole file may begin with, a part of another may not.
    let text: Vec<&str> = text.lines().skip_while(|line| line.starts_with("//!")).collect();
    fs::write(&out, text.join("\n")).with_context(|| format!("cannot write {}", out.display()))
}

/// A source file with its modules in place of the lines that name them.
fn inlined(root: &Path, file: &Path, folder: &Path) -> anyhow::Result<String> {
    let text = fs::read_to_string(file).with_context(|| format!("cannot read {}", file.display()))?;
    let name = file.strip_prefix(root)?.to_string_lossy().replace('\\', "/");
    let text = planted(&name, text)?;
    let mut whole = String::new();
    let mut tests = false;
    for line in text.lines() {
        let declared = line.strip_suffix(';').and_then(|line| {
            let (before, module) = line.split_once("mod ")?;
            matches!(before, "" | "pub " | "pub(crate) ").then_some((before, module))
        });
        match declared {
            Some(_) if tests => tests = false,
            Some((before, module)) => {
                let file = folder.join(format!("{module}.rs"));
                let inner = inlined(root, &file, &folder.join(module))?;
                whole.push_str(&format!("{before}mod {module} {{\n{inner}\n}}\n"));
            }
            None => {
                tests = line == "#[cfg(test)]";
                if !tests {
                    whole.push_str(line);
                    whole.push('\n');
                }
                // Tests come last in a file.
                if tests && !text.contains("#[cfg(test)]\nmod tests;") {
                    break;
                }
            }
        }
    }
    Ok(whole)
}

/// The text of a file with its faults.
fn planted(name: &str, mut text: String) -> anyhow::Result<String> {
    for flaw in FLAWS {
        let switch = format!("crate::zoo::on({:?})", flaw.name);
        for Edit(_, from, to) in flaw.edits.iter().filter(|Edit(file, ..)| *file == name) {
            let places = text.matches(from).count();
            if places != 1 {
                bail!("{}: a place of it in {name} was found {places} times", flaw.name);
            }
            text = text.replace(from, &to.replace("FLAWED", &switch));
        }
    }
    Ok(text)
}
