/* Half of the made-up pool that moved into a file of its own. */

void pool_check(struct pool *p)
{
	spin_lock(&p->lock);
	pool_walk(p);
	spin_unlock(&p->lock);
}

void pool_dump_all(struct pool *p)
{
	mutex_lock(&pool_mutex);
	pool_walk(p);
	pool_print(p);
	mutex_unlock(&pool_mutex);
}
