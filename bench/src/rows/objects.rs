//! Objects: small ones against floor and ceiling, large ones against a copied file and a file server, and pages
//! of listings.

use std::cell::Cell;
use std::path::Path;
use std::rc::Rc;
use std::time::Instant;

use anyhow::{Result, ensure};

use super::Row;
use super::against::{self, CONNECTIONS, Ceiling, Operation};
use crate::connection::{Connection, count};
use crate::files::Files;
use crate::floor::Floor;
use crate::load::{self, Until, Work};
use crate::options::Options;
use crate::report::{Line, Report};
use crate::s3;
use crate::server::Server;
use crate::statistics::Spread;

const SMALL: usize = 4096;
/// Objects that take turns, so that no two connections meet at one.
const OBJECTS: u64 = 1000;
/// Common prefixes, of which each page of them shows all.
const FOLDERS: u64 = 1000;
/// Objects in the bucket whose common prefixes are compared with those of the large one: so many below each
/// that they have to be jumped over there too.
const FOLDED: u64 = 20 * FOLDERS;
const LARGE_SHARE: f64 = 0.6;
const LISTING_LIMIT: f64 = 1.3;
/// On how many connections pages are asked for.
const READERS: usize = 4;

pub async fn measure(options: &Options, report: &mut Report) -> Result<()> {
    if options.wants(Row::Objects) {
        small(options, report).await?;
    }
    if options.wants(Row::LargeObjects) {
        large(options, report).await?;
    }
    if options.wants(Row::Listing) {
        listing(options, report).await?;
    }
    Ok(())
}

async fn small(options: &Options, report: &mut Report) -> Result<()> {
    let (server, floor) = (Server::start(options).await?, Floor::start()?);
    s3::create(server.address).await?;
    let body = vec![b'o'; SMALL];
    let key = |number: u64| format!("object-{}", number % OBJECTS);
    let put_body = body.clone();
    let put = Work::Numbered(Rc::new(move |number| s3::put(&key(number), &put_body)));
    load::run(server.address, CONNECTIONS, &put, Until::Count(OBJECTS)).await?;
    let operations = [
        Operation {
            name: "PutObject of 4 KiB, 32 connections",
            product: put,
            floor: Work::Same(s3::request("PUT", "/0", &body)),
            ceiling: Some(Ceiling { bytes: SMALL, commits: 1.0 }),
            share: 0.4,
            stock: None,
        },
        Operation {
            name: "GetObject of 4 KiB, 32 connections",
            product: Work::Numbered(Rc::new(move |number| s3::get(&key(number)))),
            floor: Work::Same(s3::request("GET", &format!("/{SMALL}"), b"")),
            ceiling: None,
            share: 0.7,
            stock: None,
        },
    ];
    for operation in &operations {
        against::measure(options, report, &server, &floor, operation).await?;
    }
    Ok(())
}

/// Seconds that a request takes from its first byte to the last of its answer.
async fn timed(connection: &mut Connection, request: &[u8], bytes: usize) -> Result<f64> {
    let start = Instant::now();
    let answer = connection.succeed(request).await?.len();
    ensure!(answer == bytes, "{answer} bytes were answered instead of {bytes}");
    Ok(start.elapsed().as_secs_f64())
}

/// What `cp` and a sync take.
fn copy_seconds(source: &Path, target: &Path) -> Result<f64> {
    let start = Instant::now();
    std::fs::copy(source, target)?;
    std::fs::File::open(target)?.sync_all()?;
    let seconds = start.elapsed().as_secs_f64();
    std::fs::remove_file(target)?;
    Ok(seconds)
}

async fn large(options: &Options, report: &mut Report) -> Result<()> {
    let server = Server::start(options).await?;
    s3::create(server.address).await?;
    let folder = tempfile::Builder::new().prefix("files-").tempdir_in(options.data_root()?)?;
    let (source, target) = (folder.path().join("source"), folder.path().join("target"));
    let body: Vec<u8> = (0..options.large_bytes).map(|at| (at * 31 % 251) as u8).collect();
    std::fs::write(&source, &body)?;
    let files = Files::start(&source)?;
    let (put, get) = (s3::put("large", &body), s3::get("large"));
    let mut product = Connection::open(server.address).await?;
    let mut reference = Connection::open(files.address).await?;
    let (mut puts, mut gets, mut put_rates, mut get_rates) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    let mib = body.len() as f64 / (1024.0 * 1024.0);
    for _ in 0..options.rounds {
        let copied = copy_seconds(&source, &target)?;
        let written = timed(&mut product, &put, 0).await?;
        let served = timed(&mut reference, &s3::request("GET", "/", b""), body.len()).await?;
        let read = timed(&mut product, &get, body.len()).await?;
        puts.push(copied / written);
        gets.push(served / read);
        put_rates.push(mib / written);
        get_rates.push(mib / read);
    }
    let peak = server.peak_mib()?;
    let size = body.len() / 1_000_000;
    for (what, against, ratios, rates) in [
        ("PutObject", "a file copied and synced", puts, put_rates),
        ("GetObject", "a plain file server", gets, get_rates),
    ] {
        let ratio = Spread::of(&ratios);
        report.add(Line {
            what: format!("{what} of {size} MB, one connection"),
            goal: format!("≥ {LARGE_SHARE} × {against}"),
            figure: format!("{ratio} × "),
            met: Some(ratio.median >= LARGE_SHARE),
            details: format!("{} MiB a second; at most {peak:.0} MiB of memory", Spread::of(&rates).whole()),
        });
    }
    Ok(())
}

/// Keys are spread over the common prefixes.
fn key(number: u64) -> String {
    format!("{:03}/{:07}", number % FOLDERS, number / FOLDERS)
}

async fn filled(options: &Options, count: u64) -> Result<Server> {
    let server = Server::start(options).await?;
    s3::create(server.address).await?;
    let fill = Work::Numbered(Rc::new(|number| s3::put(&key(number), b"")));
    load::run(server.address, CONNECTIONS, &fill, Until::Count(count)).await?;
    Ok(server)
}

async fn listing(options: &Options, report: &mut Report) -> Result<()> {
    let large = filled(options, options.objects).await?;
    let (small, folded) = (filled(options, FOLDERS).await?, filled(options, FOLDED).await?);
    let (count, at) = (options.objects, Cell::new(0_u64));
    let far = Work::Numbered(Rc::new(move |_| {
        at.set(at.get() + 7_919_917);
        // Nothing of the last folder: every page must have its thousand.
        let number = at.get() % count;
        s3::list(&key(number - number % FOLDERS + number % (FOLDERS - 1)))
    }));
    let keys = Pages { what: "keys", mark: b"<Key>", of_large: far, of_small: Work::Same(s3::list("")) };
    let folders = Work::Same(s3::list_folders());
    let folders =
        Pages { what: "common prefixes", mark: b"<CommonPrefixes>", of_large: folders.clone(), of_small: folders };
    compare(options, report, &keys, (&large, &small, FOLDERS)).await?;
    compare(options, report, &folders, (&large, &folded, FOLDED)).await
}

/// One kind of pages, and how a large and a smaller bucket are asked for them.
struct Pages {
    what: &'static str,
    /// What stands before each entry.
    mark: &'static [u8],
    of_large: Work,
    of_small: Work,
}

async fn compare(
    options: &Options,
    report: &mut Report,
    pages: &Pages,
    (large, small, objects): (&Server, &Server, u64),
) -> Result<()> {
    for (server, work) in [(large, &pages.of_large), (small, &pages.of_small)] {
        shows_a_thousand(options, server, work, pages.mark).await?;
    }
    let (mut costs, mut rates) = (Vec::new(), Vec::new());
    for _ in 0..options.rounds {
        let turn = Until::Time(options.turn());
        let of_small = load::run(small.address, READERS, &pages.of_small, turn).await?.rate;
        let of_large = load::run(large.address, READERS, &pages.of_large, turn).await?.rate;
        costs.push(of_small / of_large);
        rates.push(of_large);
    }
    let cost = Spread::of(&costs);
    report.add(Line {
        what: format!("a page of a thousand {} of a bucket of {} objects", pages.what, options.objects),
        goal: format!("≤ {LISTING_LIMIT} × its cost in a bucket of {objects}"),
        figure: format!("{cost} × "),
        met: Some(cost.median <= LISTING_LIMIT),
        details: format!("{} pages a second on {READERS} connections", Spread::of(&rates).whole()),
    });
    Ok(())
}

/// What is compared must be the same work.
async fn shows_a_thousand(options: &Options, server: &Server, work: &Work, mark: &[u8]) -> Result<()> {
    let request = match work {
        Work::Same(request) => request.clone(),
        Work::Numbered(request) => request(0),
        Work::Pair(..) | Work::ReceiveAndDelete(_) => return Ok(()),
    };
    let mut connection = Connection::open(server.address).await?;
    let shown = count(connection.succeed(&request).await?, mark);
    ensure!(shown == 1000 || options.quick, "a page shows {shown} entries");
    Ok(())
}
