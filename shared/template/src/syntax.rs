//! What can be known of an expression without running it.
//!
//! QuickJS decides whether an expression is JavaScript and what it means; the tree of tree-sitter only says where things
//! are: names for a linter, features that digdag's engine lacks, and the places where [`guard`] puts checks. Its parser
//! keeps no state on the machine's stack, so nesting cannot overflow it.

mod guard;
mod lint;

use tree_sitter::{Node, Parser, Tree};

pub(crate) use guard::{Guarded, LONG, TICK, guarded, guarded_code};
pub use lint::{BeyondEs5, beyond_es5, free_names};

/// An expression between brackets is one expression for the parser too; `{a: 1}.a` would be a block.
const BEFORE: &str = "(\n";
const AFTER: &str = "\n)";

/// The tree of a piece of code.
struct Code {
    text: String,
    tree: Tree,
    /// Bytes in front of the first byte of what was given.
    shift: usize,
}

impl Code {
    /// What stands between `${` and `}`.
    fn of_expression(source: &str) -> Option<Code> {
        Code::parse(format!("{BEFORE}{source}{AFTER}"), BEFORE.len())
    }

    /// Statements, as `eval` and `Function` take them.
    fn of_statements(source: &str) -> Option<Code> {
        Code::parse(source.to_owned(), 0)
    }

    fn parse(text: String, shift: usize) -> Option<Code> {
        let mut parser = Parser::new();
        parser.set_language(&tree_sitter_javascript::LANGUAGE.into()).ok()?;
        let tree = parser.parse(&text, None)?;
        Some(Code { text, tree, shift })
    }

    fn has_error(&self) -> bool {
        self.tree.root_node().has_error()
    }

    fn text_of(&self, node: Node<'_>) -> &str {
        self.text.get(node.byte_range()).unwrap_or_default()
    }

    /// Calls `enter` for every named node, outer before inner, with its parent and its role there. Children of a node for
    /// which `enter` says false are left out.
    fn walk<'tree>(&'tree self, mut enter: impl FnMut(&Visit<'tree>) -> bool) {
        let mut cursor = self.tree.walk();
        let mut ancestors: Vec<Node<'tree>> = Vec::new();
        loop {
            let node = cursor.node();
            let visit =
                Visit { node, parent: ancestors.last().copied(), field: cursor.field_name() };
            let descends = !node.is_named() || enter(&visit);
            if descends && cursor.goto_first_child() {
                ancestors.push(node);
                continue;
            }
            while !cursor.goto_next_sibling() {
                if !cursor.goto_parent() {
                    return;
                }
                ancestors.pop();
            }
        }
    }
}

/// A node where it stands.
struct Visit<'tree> {
    node: Node<'tree>,
    parent: Option<Node<'tree>>,
    field: Option<&'tree str>,
}

impl<'tree> Visit<'tree> {
    fn kind(&self) -> &'tree str {
        self.node.kind()
    }

    fn parent_kind(&self) -> &'tree str {
        self.parent.map_or("", |parent| parent.kind())
    }

    /// The child with a role.
    fn child(&self, field: &str) -> Option<Node<'tree>> {
        self.node.child_by_field_name(field)
    }

    /// Whether it is the child of `parent` in the role `field`.
    fn is(&self, parent: &str, field: &str) -> bool {
        self.parent_kind() == parent && self.field == Some(field)
    }
}
