/* A made-up pool of tokens: { braces } in comments do not count. */
#include <linux/pool.h>

static DEFINE_SPINLOCK(pool_lock);
static DEFINE_MUTEX(pool_mutex);
static struct kmem_cache *token_cachep;

#define pool_each(p) \
	for (p = 0; p < 4; p++) {

static inline bool pool_empty(struct pool *p)
{
	return !p->count; /* not "}" */
}

#ifdef CONFIG_POOL_FAST
struct token *pool_get(struct pool *p, gfp_t gfp) {
#else
struct token *pool_get(struct pool *p,
		       gfp_t gfp)
{
#endif
	unsigned long flags;
	struct token *t;

	spin_lock_irqsave(&pool_lock, flags);
	t = pool_pop(p,
		     '{');
	spin_unlock_irqrestore(&pool_lock, flags);
	if (t)
		return t;

	return kmem_cache_zalloc(token_cachep, GFP_KERNEL);
}

void pool_put_noprof(struct pool *p, struct token *t)
	__releases(nothing)
{
	scoped_guard(mutex, &pool_mutex) {
		pool_push(p, t);
	}
	guard(spinlock)(&p->lock);
	pool_count(p);
	pool_count(p);
}

SYSCALL_DEFINE2(pool_drain, int, pool, int, flags)
{
	struct pool *p = pool_of(pool);

	mutex_lock(&pool_mutex);
	pool_free_all(p);
	mutex_unlock(&pool_mutex);
	return 0;
}

void pool_setup(struct pool *p)
{
	spin_lock_init(&p->lock);
	timer_setup(&p->shrink, pool_shrink, 0);
}
