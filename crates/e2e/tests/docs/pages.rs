//! The pages of the documentation, and the blocks of code on them.

use std::path::PathBuf;

/// A page.
pub struct Page {
    /// Its path in the repository.
    pub path: String,
    /// All of it.
    pub text: String,
}

/// A fenced block.
pub struct Block {
    /// Page and line.
    pub place: String,
    /// What stands behind the fence, for example `yaml`.
    pub language: String,
    /// What is inside.
    pub text: String,
}

/// The path of a file of the repository.
pub fn file(path: &str) -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../..")).join(path)
}

/// One page.
pub fn page(path: &str) -> Page {
    let text = std::fs::read_to_string(file(path)).unwrap_or_else(|error| panic!("{path}: {error}"));
    let path = path.to_owned();
    Page { path, text }
}

/// All pages, at the root and under `docs/`.
pub fn all() -> Vec<Page> {
    let mut pages = Vec::new();
    for folder in ["", "docs/", "docs/decisions/"] {
        for entry in std::fs::read_dir(file(folder)).unwrap() {
            let name = entry.unwrap().file_name().into_string().unwrap();
            if name.ends_with(".md") {
                pages.push(page(&format!("{folder}{name}")));
            }
        }
    }
    pages.sort_by(|a, b| a.path.cmp(&b.path));
    pages
}

impl Page {
    /// The blocks, from top to bottom.
    pub fn blocks(&self) -> Vec<Block> {
        let mut blocks: Vec<Block> = Vec::new();
        let mut inside = false;
        for (number, line) in self.text.lines().enumerate() {
            match (inside, line.strip_prefix("```")) {
                (true, Some(_)) => inside = false,
                (false, Some(language)) => {
                    inside = true;
                    blocks.push(Block {
                        place: format!("{}:{}", self.path, number + 1),
                        language: language.to_owned(),
                        text: String::new(),
                    });
                }
                (true, None) => {
                    let block = blocks.last_mut().unwrap();
                    block.text.push_str(line);
                    block.text.push('\n');
                }
                (false, None) => {}
            }
        }
        assert!(!inside, "{} has a block without an end", self.path);
        blocks
    }

    /// The text without its blocks.
    pub fn prose(&self) -> String {
        let mut prose = String::new();
        let mut inside = false;
        for line in self.text.lines() {
            if line.starts_with("```") {
                inside = !inside;
            } else if !inside {
                prose.push_str(line);
                prose.push('\n');
            }
        }
        prose
    }

    /// The only block that has `words`.
    pub fn block(&self, words: &str) -> String {
        let mut found = self.blocks().into_iter().filter(|block| block.text.contains(words));
        let block = found
            .next()
            .unwrap_or_else(|| panic!("{words:?} is in no block of {}", self.path));
        assert!(found.next().is_none(), "{words:?} is in two blocks of {}", self.path);
        block.text
    }
}
