//! How deep a text nests, found while Rhai parses it, token by token.
//!
//! Rhai has a limit of its own, but it counts each term of `a || b || …` as a level, and its default differs between debug and
//! release builds, so that a rule would load on one and not on the other. Ours watches the parser's token stream, so it cannot
//! see another text than the parser does, and it stops the parser before it descends.
//!
//! What is counted is an upper bound of the height of the syntax tree: brackets, and within one pair of brackets each operator,
//! dot and prefix. A bracket's contents count under every operator of the expression they stand in. `||`, `&&` and `??` make
//! flat nodes: their terms do not add up.

use super::{
    fault::too_deep_at,
    limits::{BODY_NESTING, Meter, NESTING},
};
use crate::diagnostic::RuleFault;
use rhai::{LexError, Position, Token};
use std::sync::{Arc, Mutex, PoisonError};

/// The error text that marks our own stop; `fault.rs` turns it into a message.
pub(super) const TOO_DEEP: &str = "ticketry: too deep";

/// The state of the parser's current text.
#[derive(Clone, Debug)]
pub(super) struct Nesting(Arc<Mutex<Walk>>);

impl Nesting {
    pub(super) fn new() -> Self {
        Self(Arc::new(Mutex::new(Walk::new())))
    }
    /// Begins a new text.
    pub(super) fn begin(&self) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Walk::new();
    }
    /// Our own stop, whatever the parser made of it.
    pub(super) fn fault(&self, file: &str) -> Option<RuleFault> {
        let walk = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        walk.stopped.map(|(pos, stack)| too_deep_at(file, pos, stack))
    }
    /// Passes the token on, or stops the parser.
    pub(super) fn watch(&self, token: Token, pos: Position, meter: &Meter) -> Token {
        let mut walk = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let stack = meter.deep();
        if walk.token(&token) || stack {
            walk.stopped = walk.stopped.or(Some((pos, stack)));
            Token::LexError(Box::new(LexError::Runtime(TOO_DEEP.into())))
        } else {
            token
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    /// Parentheses, list, map, part of an interpolated text: the expression goes on after it.
    Inside,
    /// A block: a new statement may begin after it.
    Block,
}

/// What stands between one pair of brackets.
#[derive(Debug)]
struct Frame {
    kind: Kind,
    /// Closures, `else` and the like, which hold all that follows them.
    sticky: usize,
    /// Operators, dots and prefixes of the current term.
    steps: usize,
    /// Whether the current expression is a chain of flat operators.
    flat: bool,
    /// The greatest height of a bracket in the current term.
    inner: usize,
    /// The greatest height of a finished term in the current expression.
    term: usize,
    /// The greatest height so far.
    peak: usize,
    /// The depth at which the body of a function or closure began here.
    body: Option<usize>,
    /// The same for the block of an `fn`, which stays for all its statements.
    block: Option<usize>,
    /// A `do` whose `while` is still to come.
    looping: bool,
}

impl Frame {
    const fn new(kind: Kind) -> Self {
        Self { kind, sticky: 0, steps: 0, flat: false, inner: 0, term: 0, peak: 0, body: None, block: None, looping: false }
    }
    /// Levels above whatever comes next.
    fn above(&self) -> usize {
        self.sticky.saturating_add(self.steps).saturating_add(if self.flat { 2 } else { 0 })
    }
    /// Height of what has been read of the current expression.
    fn height(&self) -> usize {
        self.above().saturating_add(self.inner).max(self.sticky.saturating_add(self.term))
    }
    fn end_term(&mut self) {
        self.flat = true;
        self.term = self.term.max(self.steps.saturating_add(2).saturating_add(self.inner));
        self.steps = 0;
        self.inner = 0;
    }
    fn end_expression(&mut self) {
        self.peak = self.peak.max(self.height());
        let (kind, peak, block) = (self.kind, self.peak, self.block);
        *self = Self { peak, block, ..Self::new(kind) };
    }
}

#[derive(Debug)]
struct Walk {
    frames: Vec<Frame>,
    /// Whether the last token ended an operand, so that `|` and `||` are operators and not closures.
    operand: bool,
    /// Whether the last token closed a block.
    closed: bool,
    /// Whether the last token was the text before `${`.
    text: bool,
    /// Whether `if` follows `else` at once.
    other: bool,
    /// Within `|…|`.
    params: bool,
    /// After `fn`, before its block.
    function: bool,
    /// Where the text became too deep, and whether it was the stack that said so.
    stopped: Option<(Position, bool)>,
}

impl Walk {
    fn new() -> Self {
        Self {
            frames: vec![Frame::new(Kind::Block)],
            operand: false,
            closed: false,
            text: false,
            other: false,
            params: false,
            function: false,
            stopped: None,
        }
    }

    fn depth(&self) -> usize {
        let open = self.frames.iter().fold(self.frames.len(), |sum, f| sum.saturating_add(f.above()));
        open.saturating_add(self.frames.last().map_or(0, |f| f.height().saturating_sub(f.above())))
    }

    /// Reads a token; true if the text is now too deep.
    fn token(&mut self, token: &Token) -> bool {
        if self.params {
            if *token == Token::Pipe {
                self.params = false;
                self.closure();
            }
            return self.too_deep();
        }
        let closed = std::mem::take(&mut self.closed);
        let text = std::mem::take(&mut self.text);
        let other = std::mem::take(&mut self.other);
        if closed && begins_statement(token) {
            let again = matches!(token, Token::While | Token::Until) && self.frames.last().is_some_and(|f| f.looping);
            if !again && let Some(frame) = self.frames.last_mut() {
                frame.end_expression();
            }
        }
        match token {
            Token::LeftParen | Token::LeftBracket | Token::QuestionBracket | Token::MapStart => self.open(Kind::Inside),
            Token::LeftBrace => {
                self.open(if text { Kind::Inside } else { Kind::Block });
                if std::mem::take(&mut self.function) {
                    let depth = self.depth();
                    if let Some(frame) = self.frames.last_mut() {
                        frame.block = Some(depth);
                    }
                }
            }
            Token::RightParen | Token::RightBracket | Token::RightBrace => self.close(*token == Token::RightBracket),
            Token::Comma | Token::SemiColon | Token::DoubleArrow => {
                if let Some(frame) = self.frames.last_mut() {
                    frame.end_expression();
                }
                self.operand = false;
            }
            Token::Or | Token::Pipe if !self.operand => {
                if *token == Token::Pipe {
                    self.params = true;
                } else {
                    self.closure();
                }
            }
            Token::Or | Token::And | Token::DoubleQuestion => {
                if let Some(frame) = self.frames.last_mut() {
                    frame.end_term();
                }
                self.operand = false;
            }
            Token::Else | Token::If | Token::Switch | Token::While | Token::Until | Token::For | Token::Loop | Token::Do => {
                if let Some(frame) = self.frames.last_mut() {
                    if closed && *token == Token::Else {
                        // The condition and the block before are beside what follows, not above it.
                        frame.term = frame.term.max(frame.steps.saturating_add(frame.inner));
                        (frame.steps, frame.inner) = (0, 0);
                    }
                    // `else if` is one level.
                    frame.sticky = frame.sticky.saturating_add(usize::from(!(other && *token == Token::If)));
                    frame.looping = frame.looping || *token == Token::Do;
                }
                self.other = *token == Token::Else;
                self.operand = false;
            }
            Token::Fn => {
                self.function = true;
                self.operand = false;
            }
            Token::InterpolatedString(_) => {
                self.text = true;
                self.operand = true;
            }
            _ if is_operand(token) => self.operand = true,
            _ if is_neutral(token) => self.operand = false,
            _ => {
                // An operator, a prefix, a dot, or something newer than this code, which is safest counted.
                if let Some(frame) = self.frames.last_mut() {
                    frame.steps = frame.steps.saturating_add(1);
                }
                self.operand = false;
            }
        }
        self.too_deep()
    }

    fn too_deep(&self) -> bool {
        let depth = self.depth();
        let body = self.frames.iter().rev().find_map(|f| f.body.or(f.block));
        depth > NESTING || body.is_some_and(|start| depth.saturating_sub(start) > BODY_NESTING)
    }

    fn closure(&mut self) {
        let depth = self.depth();
        if let Some(frame) = self.frames.last_mut() {
            // The body holds the rest of the expression, its own flat chains included.
            frame.peak = frame.peak.max(frame.height());
            let flat = if frame.flat { 2 } else { 0 };
            frame.sticky = frame.sticky.saturating_add(frame.steps).saturating_add(flat).saturating_add(1);
            (frame.steps, frame.flat) = (0, false);
            frame.body = Some(depth);
        }
        self.operand = false;
    }

    fn open(&mut self, kind: Kind) {
        self.frames.push(Frame::new(kind));
        self.operand = false;
    }

    fn close(&mut self, bracket: bool) {
        // The outermost stays: one bracket too many is the parser's to report.
        if self.frames.len() > 1
            && let Some(mut done) = self.frames.pop()
        {
            done.end_expression();
            if let Some(frame) = self.frames.last_mut() {
                frame.inner = frame.inner.max(done.peak.saturating_add(1));
                // `a[0][0]` is a chain like `a.b.c`.
                frame.steps = frame.steps.saturating_add(usize::from(bracket));
            }
            self.closed = done.kind == Kind::Block;
        }
        self.operand = true;
    }
}

/// Whether this token after a block begins something new, rather than going on with the expression that the block ended.
fn begins_statement(token: &Token) -> bool {
    is_operand(token)
        || matches!(
            token,
            Token::LeftBrace
                | Token::MapStart
                | Token::Let
                | Token::Const
                | Token::If
                | Token::Switch
                | Token::Do
                | Token::While
                | Token::Until
                | Token::Loop
                | Token::For
                | Token::Fn
                | Token::Private
                | Token::Continue
                | Token::Break
                | Token::Return
                | Token::Throw
                | Token::Try
                | Token::Import
                | Token::Export
        )
}

fn is_operand(token: &Token) -> bool {
    matches!(
        token,
        Token::IntegerConstant(_)
            | Token::FloatConstant(_)
            | Token::Identifier(_)
            | Token::CharConstant(_)
            | Token::StringConstant(_)
            | Token::InterpolatedString(_)
            | Token::Unit
            | Token::True
            | Token::False
            | Token::Reserved(_)
            | Token::Custom(_)
            | Token::Underscore
    )
}

/// Tokens that add no level and end no operand.
fn is_neutral(token: &Token) -> bool {
    matches!(
        token,
        Token::Colon
            | Token::DoubleColon
            | Token::Let
            | Token::Const
            | Token::Private
            | Token::Continue
            | Token::Break
            | Token::Return
            | Token::Throw
            | Token::Try
            | Token::Catch
            | Token::Import
            | Token::Export
            | Token::As
            | Token::LexError(_)
            | Token::Comment(_)
            | Token::EOF
    )
}
