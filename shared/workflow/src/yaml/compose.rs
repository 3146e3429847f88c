//! One file's text to a tree: events of the parser, typed scalars, anchors and aliases, limits.

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::Arc;

use granit_parser::{Event, Parser, ScalarStyle};
use serde_json::Value;

use crate::codes;
use crate::diagnostic::Diagnostics;

use super::key::{Key, KeyKind};
use super::limits::{Budget, MAX_DEPTH, too_deep};
use super::mapping::MappingBuilder;
use super::node::{Kind, Node, Span};
use super::scalar;
use super::syntax::{glued_comment, place, refuse_control_characters, syntax_error};
use super::tabs::TabLines;
use super::tags::{self, Tagged};

/// Longest key in one line, characters. YAML's own 1,024 is too short for a long text used as a
/// key.
const MAX_KEY_CHARS: usize = 4096;

/// Text that is read again in all for comments without a space before them, bytes: a hundred in a
/// file of usual size.
const MAX_READ_AGAIN: usize = 1 << 20;

/// Reads `text`, that will stand `depth` levels deep in the including file; its root must be a
/// mapping.
pub(super) fn compose(
    file: &Arc<str>,
    text: &str,
    depth: usize,
    budget: &mut Budget,
) -> Result<Node, Diagnostics> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    refuse_control_characters(file, text)?;
    let mut text = Cow::Borrowed(text);
    let mut read_again = 0;
    let root = loop {
        let before = budget.clone();
        match compose_text(file, &text, depth, budget) {
            Ok(root) => break root.unwrap_or_else(|| empty(file)),
            Err(Stop::GluedComment { offset, problem }) => {
                read_again += text.len();
                if read_again > MAX_READ_AGAIN {
                    return Err(problem);
                }
                text.to_mut().insert(offset, ' ');
                *budget = before;
            }
            Err(Stop::Problem(problem)) => return Err(problem),
        }
    };
    match root.kind {
        Kind::Map(_) => Ok(root),
        Kind::Scalar(Value::Null) => Err(root
            .span
            .error(codes::EMPTY_FILE, "the file is empty")
            .with_help("write at least one task, such as `+hello:` with `echo>: hello` below it")
            .into()),
        Kind::Scalar(_) | Kind::List(_) => Err(not_a_mapping(&root)),
    }
}

/// Why a text is not read to its end.
enum Stop {
    /// A `#` stands directly behind a quote or a bracket: a comment for digdag's reader, an error for
    /// the parser used here. A space before it makes it one, and moves nothing but the comment.
    GluedComment {
        offset: usize,
        problem: Diagnostics,
    },
    Problem(Diagnostics),
}

impl From<Diagnostics> for Stop {
    fn from(problem: Diagnostics) -> Self {
        Self::Problem(problem)
    }
}

/// The root, if there is one.
fn compose_text(
    file: &Arc<str>,
    text: &str,
    depth: usize,
    budget: &mut Budget,
) -> Result<Option<Node>, Stop> {
    let mut tab_lines = TabLines::find(text);
    let mut composer =
        Composer { file, depth, budget, stack: Vec::new(), anchors: HashMap::new(), root: None };
    let options = granit_parser::options! {
        emit_comments: false,
        flow_nesting_limit: MAX_DEPTH,
        block_nesting_limit: MAX_DEPTH,
        simple_key_max_lookahead: MAX_KEY_CHARS,
        block_scalar_eof_without_line_feed: true,
    };
    for event in Parser::new_from_str_with_options(text, options) {
        let (event, span) = event.map_err(|error| {
            let problem = syntax_error(file, &error);
            match glued_comment(text, &error) {
                Some(offset) => Stop::GluedComment { offset, problem },
                None => Stop::Problem(problem),
            }
        })?;
        tab_lines.allow_in(&event, &span);
        composer.take(event, &span)?;
    }
    let root = composer.root;
    tab_lines.refuse_others(file)?;
    Ok(root)
}

fn empty(file: &Arc<str>) -> Node {
    Node { span: Span::start_of(file), kind: Kind::Scalar(Value::Null) }
}

fn not_a_mapping(root: &Node) -> Diagnostics {
    let message =
        format!("the file must hold a mapping (`key: value` lines), but it is {}", root.describe());
    root.span.error(codes::ROOT_NOT_MAPPING, message).into()
}

/// A collection that is being read.
struct Frame {
    span: Span,
    anchor: usize,
    kind: FrameKind,
}

enum FrameKind {
    List(Vec<Node>),
    Map { builder: MappingBuilder, key: Option<Key> },
}

struct Composer<'a> {
    file: &'a Arc<str>,
    depth: usize,
    budget: &'a mut Budget,
    stack: Vec<Frame>,
    anchors: HashMap<usize, Node>,
    root: Option<Node>,
}

impl Composer<'_> {
    fn take(&mut self, event: Event<'_>, at: &granit_parser::Span) -> Result<(), Diagnostics> {
        let span = self.span(at);
        match event {
            Event::Scalar(text, style, anchor, tag) => {
                let tag_span = self.tag_span(at);
                let tagged = tags::of_scalar(tag.as_deref(), &tag_span)?;
                let span = if tagged == Tagged::Include { tag_span } else { span };
                self.scalar(&text, style, anchor, tagged, span)
            }
            Event::SequenceStart(_, anchor, tag) => {
                tags::of_collection(tag.as_deref(), "seq", &self.tag_span(at))?;
                self.open(span, anchor, FrameKind::List(Vec::new()))
            }
            Event::MappingStart(_, anchor, tag) => {
                tags::of_collection(tag.as_deref(), "map", &self.tag_span(at))?;
                let builder = MappingBuilder::default();
                self.open(span, anchor, FrameKind::Map { builder, key: None })
            }
            Event::SequenceEnd | Event::MappingEnd => self.close(),
            Event::Alias(id) => self.alias(id, span),
            Event::DocumentStart(..) if self.root.is_some() => Err(span
                .error(codes::YAML_SYNTAX, "a second YAML document begins here")
                .with_help("a file holds one document: remove the line `---`")
                .into()),
            // Anchors and aliases without a target are not asked for; the parser's enum may grow.
            Event::StreamStart
            | Event::StreamEnd
            | Event::DocumentStart(..)
            | Event::DocumentEnd
            | Event::Anchor(..)
            | Event::UnresolvedAlias(_)
            | _ => Ok(()),
        }
    }

    fn scalar(
        &mut self,
        text: &str,
        style: ScalarStyle,
        anchor: usize,
        tagged: Tagged,
        span: Span,
    ) -> Result<(), Diagnostics> {
        self.budget.node(&span)?;
        let is_key = self.expects_key();
        let value = match tagged {
            // A text before the colon has no meaning, as in digdag.
            Tagged::Include if is_key => {
                self.set_key(Key { span, kind: KeyKind::Include });
                return Ok(());
            }
            Tagged::Include => return Err(include_as_value(text, &span)),
            Tagged::No if style == ScalarStyle::Plain && is_key && text == "<<" => {
                self.set_key(Key { span, kind: KeyKind::Merge });
                return Ok(());
            }
            Tagged::No if style == ScalarStyle::Plain => scalar::implicit(text),
            Tagged::No => Value::from(text),
            Tagged::Typed(wanted) => tags::typed(wanted, text, &span)?,
        };
        // digdag's own mark of an include: it would look for a file of this name.
        if !is_key && value.as_str().is_some_and(|text| text.starts_with("!include:")) {
            return Err(include_as_value(text.trim_start_matches("!include:").trim(), &span));
        }
        let node = Node { span, kind: Kind::Scalar(value) };
        self.remember(anchor, &node)?;
        if is_key {
            self.set_key(Key::from_node(node, Some(text))?);
            return Ok(());
        }
        self.node(node)
    }

    fn alias(&mut self, id: usize, span: Span) -> Result<(), Diagnostics> {
        let Some(target) = self.anchors.get(&id) else {
            return Err(span
                .error(
                    codes::YAML_SYNTAX,
                    "the alias refers to a value that it is itself a part of",
                )
                .into());
        };
        self.budget.copy(target.size(), &span)?;
        if self.level() + target.height() > MAX_DEPTH {
            return Err(too_deep(&span).into());
        }
        let node = Node { span: target.span.clone(), kind: target.kind.clone() };
        self.node(node)
    }

    fn open(&mut self, span: Span, anchor: usize, kind: FrameKind) -> Result<(), Diagnostics> {
        self.budget.node(&span)?;
        if self.level() >= MAX_DEPTH {
            return Err(too_deep(&span).into());
        }
        self.stack.push(Frame { span, anchor, kind });
        Ok(())
    }

    fn close(&mut self) -> Result<(), Diagnostics> {
        let Some(frame) = self.stack.pop() else {
            return Ok(());
        };
        let kind = match frame.kind {
            FrameKind::List(items) => Kind::List(items),
            FrameKind::Map { builder, .. } => Kind::Map(builder.finish()),
        };
        let node = Node { span: frame.span, kind };
        self.remember(frame.anchor, &node)?;
        self.node(node)
    }

    /// Puts a finished node where it belongs: key, value, list element or root.
    fn node(&mut self, node: Node) -> Result<(), Diagnostics> {
        match self.stack.last_mut().map(|frame| &mut frame.kind) {
            None => self.root = Some(node),
            Some(FrameKind::List(items)) => items.push(node),
            Some(FrameKind::Map { builder, key }) => match key.take() {
                Some(key) => builder.add(key, node)?,
                None => *key = Some(Key::from_node(node, None)?),
            },
        }
        Ok(())
    }

    /// Keeps an anchored node for its aliases. The copy is charged: anchors within anchors
    /// multiply.
    fn remember(&mut self, anchor: usize, node: &Node) -> Result<(), Diagnostics> {
        if anchor != 0 {
            self.budget.copy(node.size(), &node.span)?;
            self.anchors.insert(anchor, node.clone());
        }
        Ok(())
    }

    fn expects_key(&self) -> bool {
        matches!(self.stack.last(), Some(Frame { kind: FrameKind::Map { key: None, .. }, .. }))
    }

    fn set_key(&mut self, new: Key) {
        if let Some(Frame { kind: FrameKind::Map { key, .. }, .. }) = self.stack.last_mut() {
            *key = Some(new);
        }
    }

    fn level(&self) -> usize {
        self.depth + self.stack.len()
    }

    fn span(&self, at: &granit_parser::Span) -> Span {
        Span {
            file: Arc::clone(self.file),
            start: place(&at.start),
            end: (at.end != at.start).then(|| place(&at.end)),
        }
    }

    /// The place of the tag, or of a value without one.
    fn tag_span(&self, at: &granit_parser::Span) -> Span {
        at.tag_span().map_or_else(|| self.span(at), |tag| self.span(&tag))
    }
}

fn include_as_value(text: &str, span: &Span) -> Diagnostics {
    let path = if text.is_empty() { "path/to/file.yml" } else { text };
    span.error(codes::BAD_INCLUDE, "`!include` stands as a value")
        .with_help(format!(
            "it is a key of its own: write `!include : {path}` on the next line, indented"
        ))
        .into()
}
