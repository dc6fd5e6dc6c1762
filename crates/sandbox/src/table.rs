//! Shows the pools: as one table that is redrawn in place on a terminal, else as lines of changes.

use std::io::{self, IsTerminal, Write};

use comfy_table::presets::NOTHING;
use comfy_table::{ContentArrangement, Table};
use sandbox::pools::Pool;

const HEADER: [&str; 8] = [
    "NAMESPACE",
    "NAME",
    "POOL-NAME",
    "PHASE",
    "READY",
    "AVAILABLE",
    "DESIRED",
    "REASON",
];

/// A view of the pools that writes only when something has changed.
pub struct View {
    shown: Vec<Pool>,
    /// Lines of the last table, to be overwritten.
    height: usize,
    in_place: bool,
}

impl View {
    /// On standard output.
    pub fn new() -> Self {
        Self {
            shown: Vec::new(),
            height: 0,
            in_place: io::stdout().is_terminal(),
        }
    }

    /// Shows `pools` if they differ from what is shown.
    pub fn show(&mut self, pools: &[Pool]) -> io::Result<()> {
        if self.shown == pools {
            return Ok(());
        }
        let mut out = io::stdout().lock();
        if self.in_place {
            let text = render(pools);
            if self.height > 0 {
                // Up to where the last table began, and clear from there.
                write!(out, "\x1b[{}A\x1b[J", self.height)?;
            }
            writeln!(out, "{text}")?;
            self.height = text.lines().count();
        } else {
            for pool in pools.iter().filter(|pool| !self.shown.contains(pool)) {
                writeln!(out, "{}", line(pool))?;
            }
        }
        self.shown = pools.to_vec();
        out.flush()
    }

    /// Leaves the table where it is: what is printed next goes below it, and so does the next table.
    pub fn settle(&mut self) {
        self.height = 0;
    }
}

fn cells(pool: &Pool) -> [String; 8] {
    let number = |n: Option<i64>| n.map_or_else(String::new, |n| n.to_string());
    [
        pool.namespace.clone(),
        pool.name.clone(),
        pool.pool_name.clone(),
        pool.phase.clone(),
        pool.ready.as_str().to_owned(),
        number(pool.available),
        number(pool.desired),
        pool.reason.clone(),
    ]
}

fn render(pools: &[Pool]) -> String {
    let mut table = Table::new();
    // Lines that the terminal would wrap could not be overwritten: wrap inside the cells instead.
    table
        .load_style(NOTHING)
        .set_content_arrangement(ContentArrangement::Dynamic)
        .set_header(HEADER);
    for pool in pools {
        table.add_row(cells(pool));
    }
    table.trim_fmt()
}

/// For logs: the same, one pool a line, with the names of what is not empty.
fn line(pool: &Pool) -> String {
    let mut words = vec![format!("{}/{}", pool.namespace, pool.name)];
    let named = HEADER.iter().zip(cells(pool)).skip(2);
    words.extend(
        named
            .filter(|(_, value)| !value.is_empty())
            .map(|(name, value)| format!("{}={value}", name.to_lowercase())),
    );
    words.join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use sandbox::pools::Readiness;

    fn pool() -> Pool {
        Pool {
            namespace: String::from("ml"),
            name: String::from("train-a"),
            pool_name: String::new(),
            phase: String::from("Creating"),
            ready: Readiness::NotReady,
            available: Some(0),
            desired: None,
            reason: String::from("Creating"),
            message: String::from("one of two nodes"),
        }
    }

    #[test]
    fn the_table_has_the_promised_columns_and_a_row_a_pool() {
        let text = render(&[pool(), pool()]);
        let mut lines = text.lines();
        let header: Vec<_> = lines.next().unwrap().split_whitespace().collect();
        assert_eq!(header, HEADER);
        assert_eq!(lines.count(), 2);
        assert!(text.contains("train-a"));
    }

    #[test]
    fn a_line_names_only_what_is_known() {
        assert_eq!(
            line(&pool()),
            "ml/train-a phase=Creating ready=False available=0 reason=Creating"
        );
    }
}
