//! Every page is in the book and in the index.

use crate::pages;

#[test]
fn every_page_is_found_from_the_index_and_from_the_book() {
    let (index, book) = (pages::page("docs/README.md").text, pages::page("docs/SUMMARY.md").text);
    let decisions = pages::page("docs/decisions/README.md").text;
    let mut lost = Vec::new();
    for page in pages::all() {
        let Some(name) = page
            .path
            .strip_prefix("docs/")
            .filter(|name| !name.ends_with("SUMMARY.md"))
        else {
            continue;
        };
        let (list, told) = match name.strip_prefix("decisions/") {
            Some(decision) if decision != "README.md" => (&decisions, decision),
            _ => (&index, name),
        };
        let of_itself = name.ends_with("README.md");
        if !of_itself && !list.contains(&format!("({told})")) {
            lost.push(format!("{} is in no index", page.path));
        }
        if !book.contains(&format!("({name})")) {
            lost.push(format!("{} is not in the book", page.path));
        }
    }
    assert_eq!(lost, Vec::<String>::new());
}
