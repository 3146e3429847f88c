//! Small projects in one text: of a case, or of a page in `docs/errors`.

use std::fs;
use std::path::Path;

/// Files by path.
pub(crate) struct Project {
    files: Vec<(String, Content)>,
}

enum Content {
    Bytes(Vec<u8>),
    Link(String),
}

impl Project {
    /// Reads files behind lines `--- PATH`. `--- PATH -> TARGET` is a link, `--- PATH = 12 bytes` a file of that size
    /// and `--- PATH = hex ff fe` one of those bytes. What stands before the first of them is a comment.
    pub(crate) fn parse(text: &str) -> Self {
        let mut files: Vec<(String, Content)> = Vec::new();
        for line in text.split_inclusive('\n') {
            match line.strip_prefix("--- ") {
                Some(header) => files.push(file(header.trim_end())),
                None => {
                    if let Some((_, Content::Bytes(bytes))) = files.last_mut() {
                        bytes.extend_from_slice(line.as_bytes());
                    }
                }
            }
        }
        Self { files }
    }

    /// The files that are text.
    pub(crate) fn texts(self) -> Vec<(String, String)> {
        let text = |(path, content)| match content {
            Content::Bytes(bytes) => Some((path, String::from_utf8(bytes).ok()?)),
            Content::Link(_) => None,
        };
        self.files.into_iter().filter_map(text).collect()
    }

    /// Makes the folder.
    pub(crate) fn write(&self, folder: &Path) {
        fs::create_dir_all(folder).unwrap();
        for (path, content) in &self.files {
            let path = folder.join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            match content {
                Content::Bytes(bytes) => fs::write(path, bytes).unwrap(),
                Content::Link(target) => std::os::unix::fs::symlink(target, path).unwrap(),
            }
        }
    }
}

fn file(header: &str) -> (String, Content) {
    if let Some((path, target)) = header.split_once(" -> ") {
        return (path.to_owned(), Content::Link(target.to_owned()));
    }
    if let Some((path, hex)) = header.split_once(" = hex ") {
        let byte = |hex| u8::from_str_radix(hex, 16).unwrap();
        return (path.to_owned(), Content::Bytes(hex.split(' ').map(byte).collect()));
    }
    if let Some((path, size)) = header.split_once(" = ") {
        let size = size.strip_suffix(" bytes").unwrap().parse().unwrap();
        return (path.to_owned(), Content::Bytes(vec![b'x'; size]));
    }
    (header.to_owned(), Content::Bytes(Vec::new()))
}

/// The project of a page, whose files are blocks behind a line `` `PATH`: ``; and the page up to and behind the text
/// of its block `console`.
pub(crate) fn project_of_page(page: &str) -> (Project, &str, &str) {
    const CONSOLE: &str = "```console\n";
    let start = page.find(CONSOLE).unwrap() + CONSOLE.len();
    let end = start + page[start..].find("```\n").unwrap();
    let mut files = Vec::new();
    let mut lines = page[..start].split_inclusive('\n');
    while let Some(line) = lines.next() {
        let Some(path) = line.strip_prefix('`').and_then(|line| line.strip_suffix("`:\n")) else {
            continue;
        };
        let block = lines.by_ref().skip_while(|line| !line.starts_with("```")).skip(1);
        let content: String = block.take_while(|line| *line != "```\n").collect();
        files.push((path.to_owned(), Content::Bytes(content.into_bytes())));
    }
    (Project { files }, &page[..start], &page[end..])
}
