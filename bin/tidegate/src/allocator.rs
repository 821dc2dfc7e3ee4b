//! The allocator: mimalloc, asked for an alignment only where it would not give it anyway.
//!
//! The `mimalloc` crate asks for one with every allocation. Above 1 KiB, and wherever the page of a small size is used
//! up, mimalloc then takes a block of another size, aligns within it and frees it the slow way. Without a wish
//! it aligns to two words whatever is as large as that, which is all that most types ask for.
#![allow(unsafe_code, reason = "an allocator has no safe form")]

use std::alloc::{GlobalAlloc, Layout};

use libmimalloc_sys::{
    mi_free, mi_malloc, mi_malloc_aligned, mi_realloc, mi_realloc_aligned, mi_zalloc, mi_zalloc_aligned,
};

/// What every block is aligned to that is at least as large.
const GIVEN: usize = 2 * size_of::<usize>();

pub struct Allocator;

fn is_given(size: usize, align: usize) -> bool {
    align <= GIVEN && align <= size
}

// SAFETY: blocks are mimalloc's, which are as large as asked for, aligned as above or as asked for, and freed by one
// function whichever way they were made.
unsafe impl GlobalAlloc for Allocator {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        let (size, align) = (layout.size(), layout.align());
        // SAFETY: the caller's layout is one.
        let block = unsafe { if is_given(size, align) { mi_malloc(size) } else { mi_malloc_aligned(size, align) } };
        block.cast()
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        let (size, align) = (layout.size(), layout.align());
        // SAFETY: the caller's layout is one.
        let block = unsafe { if is_given(size, align) { mi_zalloc(size) } else { mi_zalloc_aligned(size, align) } };
        block.cast()
    }

    unsafe fn dealloc(&self, block: *mut u8, _: Layout) {
        // SAFETY: the caller has it from here.
        unsafe { mi_free(block.cast()) };
    }

    unsafe fn realloc(&self, block: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        let (block, align) = (block.cast(), layout.align());
        // SAFETY: the caller has the block from here.
        let block = unsafe {
            if is_given(size, align) { mi_realloc(block, size) } else { mi_realloc_aligned(block, size, align) }
        };
        block.cast()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_are_aligned_and_keep_what_they_hold() {
        for align in [1, 2, 4, 8, 16, 32, 64, 4096] {
            for size in (1..200).chain([1000, 1024, 1025, 5000, 70_000, 3_000_000]) {
                let layout = Layout::from_size_align(size, align).unwrap();
                // SAFETY: the layout has a size, and nothing is read beyond it.
                unsafe {
                    let block = Allocator.alloc(layout);
                    assert!(block.addr().is_multiple_of(align), "{layout:?}");
                    block.write(7);
                    let moved = Allocator.realloc(block, layout, size + 1000);
                    assert!(moved.addr().is_multiple_of(align), "{layout:?}");
                    assert_eq!(moved.read(), 7);
                    let zeroed = Allocator.alloc_zeroed(layout);
                    assert!(zeroed.addr().is_multiple_of(align), "{layout:?}");
                    assert_eq!(zeroed.add(size - 1).read(), 0);
                    Allocator.dealloc(moved, Layout::from_size_align(size + 1000, align).unwrap());
                    Allocator.dealloc(zeroed, layout);
                }
            }
        }
    }
}
