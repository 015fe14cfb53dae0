//! Every path a file names outside tests: in `use`, expressions, types, patterns, attributes, and inside macros (as tokens).

use proc_macro2::{Delimiter, Span, TokenStream, TokenTree};
use std::collections::BTreeSet;
use syn::visit::{self, Visit};

/// One path as written.
pub struct Written {
    /// The module the path is in, from the crate root: the file's, plus inline modules.
    pub module: Vec<String>,
    /// Its segments; `*` for a glob.
    pub segments: Vec<String>,
    /// With a leading `::`.
    pub global: bool,
    /// In a `use` declaration.
    pub imported: bool,
    /// The name it is given by `as`.
    pub renamed: bool,
    /// Where: line from 1.
    pub line: usize,
}

/// What a file says.
#[derive(Default)]
pub struct Found {
    /// All its paths.
    pub paths: Vec<Written>,
    /// Lines with `async` or `.await`.
    pub asyncs: Vec<usize>,
    /// Macros called, by last name.
    pub macros: Vec<(String, usize)>,
    /// Macros it exports to the crate root.
    pub exported: Vec<String>,
    /// Modules it declares, as paths from the root.
    pub declared: BTreeSet<Vec<String>>,
    /// Modules it declares for tests only.
    pub tests: BTreeSet<Vec<String>>,
    /// Lines with `#[path]`, `include!` or `extern crate self`, which hide code from this check.
    pub hidden: Vec<usize>,
}

/// Reads a parsed file whose module is `module`.
pub fn find(file: &syn::File, module: Vec<String>) -> Found {
    let mut finder = Finder { found: Found::default(), module };
    finder.visit_file(file);
    finder.found
}

/// Whether `#[cfg(…)]` says that this is compiled for tests only.
pub fn tests_only(attrs: &[syn::Attribute]) -> bool {
    attrs.iter().any(|a| a.path().is_ident("cfg") && matches!(&a.meta, syn::Meta::List(list) if needs_test(list.tokens.clone())))
}

/// `test`, or `all(…, test, …)`; not `any(test, …)`, not `not(test)`.
fn needs_test(tokens: TokenStream) -> bool {
    let mut tokens = tokens.into_iter().peekable();
    while let Some(token) = tokens.next() {
        let TokenTree::Ident(name) = token else { continue };
        let inner = match tokens.peek() {
            Some(TokenTree::Group(group)) => Some(group.stream()),
            _ => None,
        };
        match inner {
            None if name == "test" || name == "doctest" => return true,
            Some(inner) if name == "all" && needs_test(inner.clone()) => return true,
            _ => {}
        }
    }
    false
}

struct Finder {
    found: Found,
    module: Vec<String>,
}

impl Finder {
    fn add(&mut self, segments: Vec<String>, global: bool, imported: bool, renamed: bool, span: Span) {
        let line = span.start().line;
        self.found.paths.push(Written { module: self.module.clone(), segments, global, imported, renamed, line });
    }

    fn tree(&mut self, tree: &syn::UseTree, before: &[String], global: bool) {
        let with = |name: String| before.iter().cloned().chain([name]).collect::<Vec<_>>();
        match tree {
            syn::UseTree::Path(p) => self.tree(&p.tree, &with(name(&p.ident)), global),
            syn::UseTree::Name(n) if n.ident == "self" && !before.is_empty() => {
                self.add(before.to_vec(), global, true, false, n.ident.span());
            }
            syn::UseTree::Name(n) => self.add(with(name(&n.ident)), global, true, false, n.ident.span()),
            syn::UseTree::Rename(r) if r.ident == "self" && !before.is_empty() => {
                self.add(before.to_vec(), global, true, true, r.ident.span());
            }
            syn::UseTree::Rename(r) => self.add(with(name(&r.ident)), global, true, true, r.ident.span()),
            syn::UseTree::Glob(g) => self.add(with("*".into()), global, true, false, g.star_token.spans[0]),
            syn::UseTree::Group(g) => g.items.iter().for_each(|t| self.tree(t, before, global)),
        }
    }

    /// Paths, `use` lists and async in tokens that syn does not parse: macro calls and definitions.
    fn tokens(&mut self, stream: TokenStream, before: &[String]) {
        let tokens: Vec<TokenTree> = stream.into_iter().collect();
        let colons = |at: usize| matches!((tokens.get(at), tokens.get(at + 1)), (Some(TokenTree::Punct(a)), Some(TokenTree::Punct(b))) if a.as_char() == ':' && b.as_char() == ':');
        let mut at = 0;
        while at < tokens.len() {
            match &tokens[at] {
                TokenTree::Group(group) => {
                    self.tokens(group.stream(), &[]);
                    at += 1;
                }
                TokenTree::Ident(first) => {
                    if first == "async" || first == "await" {
                        self.found.asyncs.push(first.span().start().line);
                    }
                    if first == "as" && !before.is_empty() {
                        at += 2; // `as name` in a list of `use`
                        continue;
                    }
                    let global = at >= 2 && colons(at - 2) && !(at >= 3 && matches!(&tokens[at - 3], TokenTree::Ident(_)));
                    let mut segments: Vec<String> = before.to_vec();
                    segments.push(name(first));
                    at += 1;
                    let mut open = true;
                    while open && colons(at) {
                        match tokens.get(at + 2) {
                            Some(TokenTree::Ident(next)) => segments.push(name(next)),
                            Some(TokenTree::Group(group)) if group.delimiter() == Delimiter::Brace => {
                                self.tokens(group.stream(), &segments);
                                open = false;
                            }
                            Some(TokenTree::Punct(p)) if p.as_char() == '*' => segments.push("*".into()),
                            _ => open = false,
                        }
                        at += if open { 3 } else { 2 };
                    }
                    if matches!(tokens.get(at), Some(TokenTree::Punct(p)) if p.as_char() == '!') {
                        self.found.macros.push((segments.last().cloned().unwrap_or_default(), first.span().start().line));
                    }
                    if segments.len() > 1 {
                        self.add(segments, global, !before.is_empty(), false, first.span());
                    }
                }
                _ => at += 1,
            }
        }
    }
}

/// An identifier without `r#`.
fn name(ident: &proc_macro2::Ident) -> String {
    ident.to_string().trim_start_matches("r#").to_owned()
}

impl<'ast> Visit<'ast> for Finder {
    fn visit_item(&mut self, item: &'ast syn::Item) {
        if !tests_only(item_attrs(item)) {
            visit::visit_item(self, item);
        } else if let syn::Item::Mod(m) = item {
            self.found.tests.insert(self.module.iter().cloned().chain([name(&m.ident)]).collect());
        }
    }

    fn visit_item_mod(&mut self, item: &'ast syn::ItemMod) {
        let inner: Vec<String> = self.module.iter().cloned().chain([name(&item.ident)]).collect();
        self.found.declared.insert(inner.clone());
        let outer = std::mem::replace(&mut self.module, inner);
        visit::visit_item_mod(self, item);
        self.module = outer;
    }

    fn visit_impl_item(&mut self, item: &'ast syn::ImplItem) {
        let attrs = match item {
            syn::ImplItem::Fn(f) => &f.attrs,
            syn::ImplItem::Const(c) => &c.attrs,
            syn::ImplItem::Type(t) => &t.attrs,
            _ => return visit::visit_impl_item(self, item),
        };
        if !tests_only(attrs) {
            visit::visit_impl_item(self, item);
        }
    }

    fn visit_field(&mut self, field: &'ast syn::Field) {
        if !tests_only(&field.attrs) {
            visit::visit_field(self, field);
        }
    }

    fn visit_local(&mut self, local: &'ast syn::Local) {
        if !tests_only(&local.attrs) {
            visit::visit_local(self, local);
        }
    }

    fn visit_item_use(&mut self, item: &'ast syn::ItemUse) {
        self.tree(&item.tree, &[], item.leading_colon.is_some());
    }

    fn visit_item_extern_crate(&mut self, item: &'ast syn::ItemExternCrate) {
        if item.ident == "self" {
            self.found.hidden.push(item.ident.span().start().line);
        }
        self.add(vec![name(&item.ident)], true, true, item.rename.is_some(), item.ident.span());
    }

    fn visit_item_macro(&mut self, item: &'ast syn::ItemMacro) {
        if let Some(ident) = &item.ident
            && item.attrs.iter().any(|a| a.path().is_ident("macro_export"))
        {
            self.found.exported.push(name(ident));
        }
        visit::visit_item_macro(self, item);
    }

    fn visit_visibility(&mut self, _: &'ast syn::Visibility) {
        // `pub(in crate::x)` opens a door inwards, it imports nothing.
    }

    fn visit_path(&mut self, path: &'ast syn::Path) {
        let segments: Vec<String> = path.segments.iter().map(|s| name(&s.ident)).collect();
        let line = path.segments.first().map_or_else(Span::call_site, |s| s.ident.span());
        self.add(segments, path.leading_colon.is_some(), false, false, line);
        visit::visit_path(self, path);
    }

    fn visit_macro(&mut self, called: &'ast syn::Macro) {
        let last = called.path.segments.last().map(|s| (name(&s.ident), s.ident.span().start().line));
        if let Some((last, line)) = last {
            if last == "include" {
                self.found.hidden.push(line);
            }
            self.found.macros.push((last, line));
        }
        visit::visit_macro(self, called);
        self.tokens(called.tokens.clone(), &[]);
    }

    fn visit_attribute(&mut self, attr: &'ast syn::Attribute) {
        if attr.path().is_ident("path") {
            self.found.hidden.push(attr.pound_token.spans[0].start().line);
        }
        if let (false, syn::Meta::List(list)) = (attr.path().is_ident("doc"), &attr.meta) {
            self.tokens(list.tokens.clone(), &[]);
        }
        // serde names functions and types in strings: `#[serde(with = "crate::id::serde_instant")]`.
        if let (true, syn::Meta::List(list)) = (attr.path().is_ident("serde"), &attr.meta) {
            for token in list.tokens.clone() {
                if let TokenTree::Literal(literal) = token
                    && let Ok(text) = syn::parse_str::<syn::LitStr>(&literal.to_string())
                    && text.value().contains("::")
                    && let Ok(stream) = text.value().parse::<TokenStream>()
                {
                    let before = self.found.paths.len();
                    self.tokens(stream, &[]);
                    for path in self.found.paths.iter_mut().skip(before) {
                        path.line = literal.span().start().line;
                    }
                }
            }
        }
        visit::visit_attribute(self, attr);
    }

    fn visit_signature(&mut self, signature: &'ast syn::Signature) {
        if let Some(token) = &signature.asyncness {
            self.found.asyncs.push(token.span.start().line);
        }
        visit::visit_signature(self, signature);
    }

    fn visit_expr_async(&mut self, block: &'ast syn::ExprAsync) {
        self.found.asyncs.push(block.async_token.span.start().line);
        visit::visit_expr_async(self, block);
    }

    fn visit_expr_await(&mut self, awaited: &'ast syn::ExprAwait) {
        self.found.asyncs.push(awaited.await_token.span.start().line);
        visit::visit_expr_await(self, awaited);
    }

    fn visit_expr_closure(&mut self, closure: &'ast syn::ExprClosure) {
        if let Some(token) = &closure.asyncness {
            self.found.asyncs.push(token.span.start().line);
        }
        visit::visit_expr_closure(self, closure);
    }
}

fn item_attrs(item: &syn::Item) -> &[syn::Attribute] {
    use syn::Item::*;
    match item {
        Const(i) => &i.attrs,
        Enum(i) => &i.attrs,
        ExternCrate(i) => &i.attrs,
        Fn(i) => &i.attrs,
        ForeignMod(i) => &i.attrs,
        Impl(i) => &i.attrs,
        Macro(i) => &i.attrs,
        Mod(i) => &i.attrs,
        Static(i) => &i.attrs,
        Struct(i) => &i.attrs,
        Trait(i) => &i.attrs,
        TraitAlias(i) => &i.attrs,
        Type(i) => &i.attrs,
        Union(i) => &i.attrs,
        Use(i) => &i.attrs,
        _ => &[],
    }
}
