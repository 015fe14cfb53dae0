//! Every error of Rhai as a [`RuleFault`]: a stable kind, a plain message in both languages, a place, a suggestion.

use super::{
    limits::{BODY_NESTING, CALLS, NESTING, Stop},
    natives::show,
    nesting::TOO_DEEP,
};
use crate::diagnostic::{FaultKind, Place, RuleFault, Text, did_you_mean, text};
use rhai::{Engine, EvalAltResult, LexError, ParseError, ParseErrorType, Position};
use std::{collections::BTreeSet, error::Error, fmt};

/// A fault on its way through Rhai. As a system error no `catch` in a script sees it.
#[derive(Debug)]
struct Raised(RuleFault);

impl fmt::Display for Raised {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}
impl Error for Raised {}

/// A fault without a place; short for natives.
pub(crate) fn raise(kind: FaultKind, message: Text) -> RuleFault {
    RuleFault::new(kind, message, None)
}

/// The fault as an error of Rhai.
/// It carries no position of its own: place the fault first.
pub(crate) fn raised(fault: RuleFault) -> Box<EvalAltResult> {
    Box::new(EvalAltResult::ErrorSystem(String::new(), Box::new(Raised(fault))))
}

/// The error with a place, if it is a fault of ours that has none yet: Rhai places only its own.
/// `length`: that of the function's name, which stands there.
pub(super) fn placed(error: EvalAltResult, file: Option<&str>, pos: Position, length: usize) -> Box<EvalAltResult> {
    match error {
        EvalAltResult::ErrorSystem(said, inner) => match inner.downcast::<Raised>() {
            Ok(ours) if ours.0.place.as_ref().is_some_and(|p| p.line > 0) => raised(ours.0),
            Ok(ours) => raised(match file {
                Some(file) => ours.0.at(place(file, pos, length)),
                None => ours.0,
            }),
            Err(other) => Box::new(EvalAltResult::ErrorSystem(said, other)),
        },
        other => Box::new(other),
    }
}

/// A panic that reached the wall round the engine.
pub(super) fn panicked(file: &str) -> RuleFault {
    raise(
        FaultKind::HostFunction,
        text("a function offered to scripts failed: this is a bug of the program", "提供给脚本的函数出错：这是程序的缺陷"),
    )
    .at(Place::file(file))
}

/// The fault with the place of `pos` in `file`, unless it has a place or there is none to give.
pub(super) fn at_position(fault: RuleFault, file: Option<&str>, pos: Position) -> RuleFault {
    match file {
        Some(file) if fault.place.as_ref().is_none_or(|p| p.line == 0) => fault.at(place(file, pos, 1)),
        _ => fault,
    }
}

/// The place of a position.
pub(super) fn place(file: &str, pos: Position, length: usize) -> Place {
    let number = |n: Option<usize>| n.and_then(|n| u32::try_from(n).ok()).unwrap_or(1);
    match pos.line() {
        None => Place::file(file),
        line => Place::new(file, number(line), number(pos.position()), number(Some(length))),
    }
}

/// What a run ended with.
pub(super) fn run_fault(engine: &Engine, file: &str, error: &EvalAltResult) -> RuleFault {
    use EvalAltResult as E;
    let mut file = file;
    let mut error = error;
    let mut pos = error.position();
    // The innermost place is where it happened; the outer ones say who called.
    loop {
        match error {
            E::ErrorInFunctionCall(_, source, inner, at) => {
                if !source.is_empty() {
                    file = source;
                }
                pos = if at.is_none() { pos } else { *at };
                error = inner;
            }
            E::ErrorInModule(_, inner, at) => {
                pos = if at.is_none() { pos } else { *at };
                error = inner;
            }
            _ => break,
        }
    }
    let own = error.position();
    if !own.is_none() {
        pos = own;
    }
    if let E::ErrorSystem(_, inner) = error
        && let Some(Raised(fault)) = inner.downcast_ref::<Raised>()
    {
        return at_position(fault.clone(), Some(file), pos);
    }
    if let E::ErrorParsing(kind, at) = error {
        return parse_fault(file, "", &ParseError(Box::new(kind.clone()), *at), &[]);
    }
    let (fault, length) = explain(engine, error);
    fault.at(place(file, pos, length))
}

/// The kind and message of an error, and the length of what is at its place.
fn explain(engine: &Engine, error: &EvalAltResult) -> (RuleFault, usize) {
    use EvalAltResult as E;
    use FaultKind as K;
    let one = |kind, en: String, zh: String| (raise(kind, text(en, zh)), 1);
    match error {
        E::ErrorTerminated(token, _) => (stopped(token.clone().try_cast::<Stop>().unwrap_or(Stop::Interrupted)), 1),
        E::ErrorTooManyOperations(_) => (stopped(Stop::Budget), 1),
        E::ErrorStackOverflow(_) => {
            one(K::Depth, format!("more than {CALLS} calls inside one another"), format!("函数调用嵌套超过 {CALLS} 层"))
        }
        E::ErrorTooManyVariables(_) => one(K::Size, "too many variables".into(), "变量过多".into()),
        E::ErrorTooManyModules(_) => one(K::Forbidden, "a running rule cannot import".into(), "运行中的规则不能导入文件".into()),
        E::ErrorDataTooLarge(what, _) => {
            let (en, zh) = too_large(what);
            one(K::Size, en.into(), zh.into())
        }
        E::ErrorArithmetic(what, _) => arithmetic(what),
        E::ErrorVariableNotFound(name, _) => (unknown_variable(name, &[]), name.chars().count()),
        E::ErrorModuleNotFound(name, _) => (
            raise(K::UnknownName, text(format!("no imported file is called `{name}`"), format!("没有导入名为 `{name}` 的文件"))),
            name.chars().count(),
        ),
        E::ErrorPropertyNotFound(name, _) => one(K::UnknownName, format!("no entry `{name}`"), format!("没有条目 `{name}`")),
        E::ErrorFunctionNotFound(signature, _) => unknown_function(engine, signature),
        E::ErrorDotExpr(what, _) => dot(engine, what),
        E::ErrorIndexNotFound(index, _) => {
            let index = show(index);
            one(K::Index, format!("no element at `{index}`"), format!("没有位置为 `{index}` 的元素"))
        }
        E::ErrorArrayBounds(n, index, _) => {
            one(K::Index, format!("position {index} is outside a list of {n}"), format!("位置 {index} 超出长度为 {n} 的列表"))
        }
        E::ErrorStringBounds(n, index, _) => {
            one(K::Index, format!("position {index} is outside a text of {n} characters"), format!("位置 {index} 超出长度为 {n} 的文本"))
        }
        E::ErrorBitFieldBounds(n, index, _) => {
            one(K::Index, format!("bit {index} is outside {n} bits"), format!("第 {index} 位超出 {n} 位"))
        }
        E::ErrorMismatchDataType(want, got, _) | E::ErrorMismatchOutputType(want, got, _) => {
            let ((want, want_zh), (got, got_zh)) = (plain(want), plain(got));
            one(K::Type, format!("{want} is needed here, this is {got}"), format!("此处需要{want_zh}，实际为{got_zh}"))
        }
        E::ErrorIndexingType(what, _) => {
            let (en, zh) = plain(what.split(['[', ' ']).next().unwrap_or_default());
            one(K::Type, format!("`[…]` does not work on {en}"), format!("{zh}不能用 `[…]`"))
        }
        E::ErrorFor(_) => one(K::Type, "`for` needs a list, a range or a text".into(), "`for` 需要列表、范围或文本".into()),
        E::ErrorUnboundThis(_) => one(K::UnknownName, "there is no `this` here".into(), "此处没有 `this`".into()),
        E::ErrorDataRace(..) => one(
            K::Type,
            "a closure uses the very list that the call works on; copy it to another variable first".into(),
            "闭包使用了正在处理的同一个列表；请先复制到另一个变量".into(),
        ),
        E::ErrorNonPureMethodCallOnConstant(..) | E::ErrorAssignmentToConstant(..) => {
            one(K::Type, "a constant cannot be changed".into(), "常量不能修改".into())
        }
        E::ErrorVariableExists(name, _) | E::ErrorForbiddenVariable(name, _) => {
            one(K::Forbidden, format!("the name `{name}` cannot be used for a variable"), format!("变量不能命名为 `{name}`"))
        }
        E::ErrorRuntime(value, _) => {
            let said = if value.is_unit() { String::new() } else { show(value) };
            match said.as_str() {
                "" => one(K::Thrown, "the script gave up with `throw`".into(), "脚本用 `throw` 放弃执行".into()),
                said => one(K::Thrown, format!("the script gave up: {said}"), format!("脚本放弃执行：{said}")),
            }
        }
        E::LoopBreak(..) => one(K::Syntax, "`break` and `continue` belong in a loop".into(), "`break` 和 `continue` 只能用在循环中".into()),
        _ => one(K::Type, "this cannot be evaluated".into(), "无法求值".into()),
    }
}

fn stopped(stop: Stop) -> RuleFault {
    match stop {
        Stop::Budget => raise(FaultKind::Budget, text("the rule takes too many steps", "规则的执行步数过多"))
            .maybe_help(Some(text("shorten its loops and lists", "缩短循环和列表"))),
        Stop::Interrupted => raise(FaultKind::Interrupted, text("interrupted by the program", "被程序中断")),
        Stop::Stack => {
            raise(FaultKind::Depth, text("out of stack: calls and expressions nest too deep", "栈空间不足：调用和表达式嵌套过深"))
        }
    }
}

fn too_large(what: &str) -> (&'static str, &'static str) {
    if what.contains("string") {
        ("a text is too long", "文本过长")
    } else if what.contains("map") {
        ("a map has too many entries", "映射的条目过多")
    } else {
        ("a list has too many elements", "列表的元素过多")
    }
}

fn arithmetic(what: &str) -> (RuleFault, usize) {
    let lower = what.to_lowercase();
    let message = if lower.contains("zero") && !lower.contains("step") {
        text("division by zero", "除以零")
    } else if lower.contains("overflow") || lower.contains("too large") {
        text("the number is too large", "数值过大")
    } else if lower.contains("pars") {
        text("this text is not a number", "该文本不是数字")
    } else if lower.contains("step") {
        text("a range needs a step other than zero", "范围的步长不能为零")
    } else {
        text("this calculation has no result", "该计算没有结果")
    };
    (raise(FaultKind::Arithmetic, message), 1)
}

fn unknown_variable(name: &str, known: &[&str]) -> RuleFault {
    raise(FaultKind::UnknownName, text(format!("no variable `{name}`"), format!("没有变量 `{name}`"))).maybe_help(did_you_mean(name, known))
}

/// What Rhai has and scripts here do not, with what to do instead.
fn withheld(name: &str) -> Option<Text> {
    Some(match name {
        "timestamp" | "elapsed" => {
            text("scripts cannot read the clock; the time of the event is a field", "脚本不能读取时钟；事件时间是一个字段")
        }
        "sleep" => text("scripts cannot wait; use a time rule: `.after(…)`", "脚本不能等待；请用时间规则 `.after(…)`"),
        "exit" => text("use `return`", "请用 `return`"),
        "eval" => text("text cannot be run as a script", "不能把文本当脚本运行"),
        "print" | "debug" => text("scripts have no output; the trace shows what a rule did", "脚本没有输出；执行记录会显示规则做了什么"),
        "Fn" | "curry" | "call" => {
            text("write a closure where it is used, such as `tags.some(|x| …)`", "在使用处写闭包，例如 `tags.some(|x| …)`")
        }
        "import" => text("imports stand at the top of a rule file", "导入语句写在规则文件开头"),
        "export" => text("every function of an imported file can be used; leave `export` out", "被导入文件的函数都可使用；去掉 `export`"),
        "blob" | "parse_json" | "to_json" => text("scripts work with fields, lists and maps", "脚本只处理字段、列表和映射"),
        _ => return None,
    })
}

fn unknown_function(engine: &Engine, signature: &str) -> (RuleFault, usize) {
    let (name, args) = signature.split_once(" (").unwrap_or((signature, ""));
    if let Some(property) = name.strip_prefix("get$").or_else(|| name.strip_prefix("set$")) {
        return unknown_property(engine, property, args.trim_end_matches(')'));
    }
    if name.starts_with("index$") {
        let (en, zh) = plain(args.split(',').next().unwrap_or_default().trim_end_matches(')'));
        return (raise(FaultKind::Type, text(format!("`[…]` does not work on {en}"), format!("{zh}不能用 `[…]`"))), 1);
    }
    if name.starts_with("anon$") {
        let message = text("the closure takes another number of values", "闭包的参数个数不符");
        return (raise(FaultKind::Type, message), 1);
    }
    let length = name.chars().count();
    if let Some(help) = withheld(name) {
        let message = text(format!("scripts have no `{name}`"), format!("脚本中没有 `{name}`"));
        return (raise(FaultKind::Forbidden, message).maybe_help(Some(help)), length);
    }
    let names: BTreeSet<String> = engine.collect_fn_metadata(None, |f| Some(f.metadata.name.to_string()), true).into_iter().collect();
    // Only the bracket of the signature: `()` is a kind of its own.
    let args = args.strip_suffix(')').unwrap_or(args);
    let (en, zh): (Vec<_>, Vec<_>) = args.split(", ").filter(|a| !a.is_empty()).map(plain).unzip();
    let (en, zh) = (en.join(", "), zh.join("、"));
    let operator = !name.chars().any(|c| c.is_alphabetic() || c == '_');
    if operator || names.contains(name) {
        let (with, with_zh) = if en.is_empty() { ("nothing".into(), "空".into()) } else { (en, zh) };
        let message = text(format!("`{name}` does not work with {with}"), format!("`{name}` 不能用于{with_zh}"));
        return (raise(FaultKind::Type, message), length);
    }
    let candidates = names.iter().filter(|n| n.chars().all(|c| c.is_alphanumeric() || c == '_'));
    let message = text(format!("no function `{name}`"), format!("没有函数 `{name}`"));
    (raise(FaultKind::UnknownName, message).maybe_help(did_you_mean(name, candidates)), length)
}

fn unknown_property(engine: &Engine, property: &str, on: &str) -> (RuleFault, usize) {
    let (en, zh) = plain(on.split(", ").next().unwrap_or_default());
    let names = engine.collect_fn_metadata(None, |f| f.metadata.name.strip_prefix("get$").map(str::to_string), true);
    let message = text(format!("no property `{property}` on {en}"), format!("{zh}没有属性 `{property}`"));
    (raise(FaultKind::UnknownName, message).maybe_help(did_you_mean(property, names)), property.chars().count())
}

fn dot(engine: &Engine, what: &str) -> (RuleFault, usize) {
    // Rhai: "Unknown property 'x' - a getter is not registered for type 'i64'" and the like.
    let mut quoted = what.split('\'').skip(1).step_by(2);
    match (quoted.next(), quoted.next()) {
        (Some(property), Some(on)) => unknown_property(engine, property, on),
        _ => (raise(FaultKind::Type, text("this cannot follow a dot", "点号后不能这样写")), 1),
    }
}

/// A type as an author knows it.
fn plain(name: &str) -> (&'static str, &'static str) {
    match name.trim() {
        "i64" | "f64" | "i32" | "f32" | "INT" | "FLOAT" | "decimal" => ("a number", "数字"),
        "bool" => ("true or false", "布尔值"),
        "char" => ("a character", "字符"),
        "()" => ("nothing", "空值"),
        "array" => ("a list", "列表"),
        "map" => ("a map", "映射"),
        "Fn" | "FnPtr" => ("a closure", "闭包"),
        "range" | "range=" => ("a range", "范围"),
        s if s.contains("tring") || s.contains("str") => ("a text", "文本"),
        _ => ("a value of another kind", "其他类型的值"),
    }
}

/// What `content` failed to parse with. `known` are the variables it may use.
pub(super) fn parse_fault(file: &str, content: &str, error: &ParseError, known: &[&str]) -> RuleFault {
    use FaultKind as K;
    use ParseErrorType as P;
    let kind = error.err_type();
    let (fault, length) = match kind {
        P::BadInput(LexError::Runtime(s)) if s == TOO_DEEP => (too_deep(), 1),
        P::ExprTooDeep => (raise(K::Depth, text("nested too deep", "嵌套过深")), 1),
        P::VariableUndefined(name) => (unknown_variable(name, known).maybe_help(sign_for(name)), name.chars().count()),
        P::ModuleUndefined(name) => (
            raise(K::UnknownName, text(format!("no imported file is called `{name}`"), format!("没有导入名为 `{name}` 的文件"))),
            name.chars().count(),
        ),
        P::Reserved(word) if withheld(word).is_some() => (
            raise(K::Forbidden, text(format!("scripts have no `{word}`"), format!("脚本中没有 `{word}`"))).maybe_help(withheld(word)),
            word.chars().count(),
        ),
        P::LiteralTooLarge(what, _) => {
            let (en, zh) = too_large(what);
            (raise(K::Size, text(en, zh)), 1)
        }
        P::TooManyFunctions => (raise(K::Size, text("too many functions in one file", "一个文件中的函数过多")), 1),
        P::BadInput(LexError::ImproperSymbol(symbol, _)) if DISABLED_SYNTAX.contains(&symbol.as_str()) => (
            raise(K::Forbidden, text(format!("scripts have no `{symbol}`"), format!("脚本中没有 `{symbol}`"))).maybe_help(withheld(symbol)),
            symbol.chars().count(),
        ),
        P::PropertyExpected if withheld(word_at(content, error.position())).is_some() => {
            let word = word_at(content, error.position());
            let message = text(format!("scripts have no `{word}`"), format!("脚本中没有 `{word}`"));
            (raise(K::Forbidden, message).maybe_help(withheld(word)), word.chars().count())
        }
        P::BadInput(LexError::MalformedChar(_)) => {
            let help = text("a text stands in double quotes: \"gold\"", "文本需用双引号：\"gold\"");
            (raise(K::Syntax, syntax(kind)).maybe_help(Some(help)), 1)
        }
        _ => (raise(K::Syntax, syntax(kind)).maybe_help(meant_sign(content, error.position())), 1),
    };
    fault.at(place(file, error.position(), length))
}

/// Words whose absence Rhai reports as a bad symbol.
const DISABLED_SYNTAX: [&str; 8] = ["eval", "Fn", "curry", "call", "print", "debug", "import", "export"];

fn syntax(kind: &ParseErrorType) -> Text {
    use ParseErrorType as P;
    match kind {
        P::UnexpectedEOF => text("the text ends too soon", "文本不完整"),
        P::BadInput(LexError::UnterminatedString) => text("a text literal has no closing quote", "文本缺少结束引号"),
        P::BadInput(LexError::MalformedChar(_)) => text("single quotes hold one character", "单引号中只能有一个字符"),
        P::BadInput(LexError::UnexpectedInput(s)) => text(format!("unexpected `{}`", cut(s)), format!("意外的 `{}`", cut(s))),
        P::MissingToken(token, _) => text(format!("`{token}` is missing here"), format!("此处缺少 `{token}`")),
        P::UnknownOperator(s) => text(format!("no operator `{}`", cut(s)), format!("没有运算符 `{}`", cut(s))),
        P::Reserved(s) => text(format!("`{}` is a reserved word", cut(s)), format!("`{}` 是保留字", cut(s))),
        P::DuplicatedProperty(s) => text(format!("the map names `{}` twice", cut(s)), format!("映射中 `{}` 重复", cut(s))),
        P::FnDuplicatedDefinition(s, _) => {
            text(format!("the function `{}` is defined twice", cut(s)), format!("函数 `{}` 重复定义", cut(s)))
        }
        P::AssignmentToConstant(_) => text("a constant cannot be changed", "常量不能修改"),
        P::AssignmentToInvalidLHS(_) => text("nothing can be assigned to this; `==` compares", "不能给它赋值；比较请用 `==`"),
        P::MismatchedType(..) => text("a value of this kind cannot stand here", "此处不能用这种类型的值"),
        P::WrongFnDefinition => text("functions are defined at the top of a file only", "函数只能在文件最外层定义"),
        P::LoopBreak => text("`break` and `continue` belong in a loop", "`break` 和 `continue` 只能用在循环中"),
        P::VariableExpected => text("a variable name is missing here", "此处缺少变量名"),
        P::PropertyExpected => text("a property name is missing here", "此处缺少属性名"),
        _ => text("this cannot be understood", "无法解析"),
    }
}

/// A text that nests too deep.
fn too_deep() -> RuleFault {
    raise(
        FaultKind::Depth,
        text(
            format!("nested too deep: at most {NESTING} levels, {BODY_NESTING} in a function or closure"),
            format!("嵌套过深：最多 {NESTING} 层，函数或闭包内最多 {BODY_NESTING} 层"),
        ),
    )
    .maybe_help(Some(text("move a part into a function of its own", "把一部分移到单独的函数中")))
}

/// A text that nests too deep at this position.
pub(super) fn too_deep_at(file: &str, pos: Position, stack: bool) -> RuleFault {
    let fault = if stack { stopped(Stop::Stack) } else { too_deep() };
    fault.at(place(file, pos, 1))
}

/// The sign for a word that other languages have in its place.
fn sign_for(word: &str) -> Option<Text> {
    let sign = match word {
        "and" | "AND" => "&&",
        "or" | "OR" => "||",
        "not" | "NOT" => "!",
        _ => return None,
    };
    Some(text(format!("write `{sign}`"), format!("请写 `{sign}`")))
}

/// What to write for an operator of another language at a position.
fn meant_sign(content: &str, pos: Position) -> Option<Text> {
    let (before, rest) = around(content, pos);
    if rest.starts_with('=') && !rest.starts_with("==") {
        return Some(text("write `==` to compare", "比较请写 `==`"));
    }
    if rest.starts_with("<>") || (rest.starts_with('>') && before.ends_with('<')) {
        return Some(text("write `!=`", "请写 `!=`"));
    }
    sign_for(word_at(content, pos))
}

/// The line of a position, before it and from it on.
fn around(content: &str, pos: Position) -> (&str, &str) {
    let line = pos.line().and_then(|n| content.lines().nth(n.saturating_sub(1))).unwrap_or_default();
    let from = pos.position().unwrap_or(1).saturating_sub(1);
    let start = line.char_indices().nth(from).map_or(line.len(), |(i, _)| i);
    line.split_at_checked(start).unwrap_or((line, ""))
}

/// The word at a position.
fn word_at(content: &str, pos: Position) -> &str {
    let (_, rest) = around(content, pos);
    rest.find(|c: char| !c.is_alphanumeric() && c != '_').and_then(|end| rest.get(..end)).unwrap_or(rest)
}

fn cut(s: &str) -> String {
    s.chars().take(40).collect()
}
