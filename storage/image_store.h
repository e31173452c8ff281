/*
 * storage/image_store.h - stores that are only read: images and layers that
 * somebody else has, on a disk that all users of a machine share, or of a CI
 *
 * Theory of operation.  An image store is a store like any other, of this user
 * or of another one.  What is looked for in the user's own store and is not
 * there is looked for in the image stores, in the order in which they were
 * named.  Nothing is written there and nothing locked: who removes an image
 * there takes it from those who use it.  An image of the own store may have
 * layers there; then it is whole only with that image store.
 *
 * Who owns an image store decides what is in it: blobs are checked when they
 * are copied from there, trees cannot be.  One that others may write is
 * refused.
 */
#pragma once

#include <stdbool.h>

#include "base/error.h"
#include "storage/store.h"

/*
 * store_open_images - open those that $WOLFFIA_IMAGESTORE names, divided by
 * ":", for @store; --imagestore sets it
 * Return: 0; -ENOENT there is none of that name, or it is no store; -EACCES
 * it may not be read; -EPERM others may write it.
 */
int store_open_images(struct store *store, struct error *err);

/*
 * image_store_layer - where layers/@name lies in an image store
 * Return: the absolute path, the caller's to free; NULL there is none.
 */
char *image_store_layer(const struct store *store, const char *name);

/* image_store_blob - open a blob there for reading; -ENOENT */
int image_store_blob(const struct store *store, const char *digest);

/* image_store_has_blob - is there one? */
bool image_store_has_blob(const struct store *store, const char *digest);
