//! The commit that is checked out around a folder, read from git's files.

use std::path::{Path, PathBuf};

/// SHA of the commit, if `folder` lies in a repository that has one.
pub fn commit(folder: &Path) -> Option<String> {
    let folder = fs_err::canonicalize(folder).ok()?;
    let git = folder.ancestors().map(|folder| folder.join(".git")).find(|git| git.exists())?;
    let own = if git.is_dir() { git } else { linked(&git)? };
    let head = read(&own.join("HEAD"))?;
    let Some(reference) = head.strip_prefix("ref: ") else { return sha(&head) };
    // A further work tree has its own HEAD, and shares the branches.
    let shared = read(&own.join("commondir")).map_or_else(|| own.clone(), |path| own.join(path));
    let loose = [&own, &shared].into_iter().find_map(|folder| read(&folder.join(reference)));
    loose.or_else(|| packed(&shared, reference)).and_then(|found| sha(&found))
}

/// The folder that a file `.git` leads to.
fn linked(file: &Path) -> Option<PathBuf> {
    let text = read(file)?;
    Some(file.parent()?.join(text.strip_prefix("gitdir: ")?))
}

fn packed(git: &Path, reference: &str) -> Option<String> {
    let refs = fs_err::read_to_string(git.join("packed-refs")).ok()?;
    let found = refs.lines().find_map(|line| line.strip_suffix(reference)?.strip_suffix(' '));
    found.map(str::to_owned)
}

fn read(path: &Path) -> Option<String> {
    fs_err::read_to_string(path).ok().map(|text| text.trim().to_owned())
}

fn sha(text: &str) -> Option<String> {
    (text.len() >= 40 && text.bytes().all(|b| b.is_ascii_hexdigit())).then(|| text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_commit_is_found_loose_packed_detached_and_from_a_further_work_tree() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        let write = |name: &str, text: &str| {
            fs_err::create_dir_all(at(name).parent().unwrap()).unwrap();
            fs_err::write(at(name), text).unwrap();
        };
        let [one, two, three] = ["1", "2", "3"].map(|digit| digit.repeat(40));
        fs_err::create_dir_all(at("a/src/deep")).unwrap();
        write("a/.git/HEAD", "ref: refs/heads/main\n");
        assert_eq!(commit(&at("a")), None, "nothing is committed yet");
        write("a/.git/packed-refs", &format!("# pack-refs\n{one} refs/heads/main\n{two} refs/heads/other\n"));
        assert_eq!(commit(&at("a/src/deep")), Some(one));
        write("a/.git/refs/heads/main", &format!("{three}\n"));
        assert_eq!(commit(&at("a")), Some(three));
        write("b/.git", &format!("gitdir: {}\n", at("a/.git/worktrees/b").display()));
        write("a/.git/worktrees/b/HEAD", "ref: refs/heads/other\n");
        write("a/.git/worktrees/b/commondir", "../..\n");
        assert_eq!(commit(&at("b")), Some(two.clone()));
        write("a/.git/worktrees/b/HEAD", &two);
        assert_eq!(commit(&at("b")), Some(two));
    }
}
